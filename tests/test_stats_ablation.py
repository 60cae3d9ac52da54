import numpy as np
import pytest
import statsmodels.api as sm

from tastemaker.stats.ablation import factor_effects
from tastemaker.stats.estimates import linear
from tastemaker.stats.resample import one_stratum

NAN = float("nan")
FULL = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], dtype=float)
NAMES = ("code", "chat", "safety")


def test_with_eight_arms_the_arms_are_the_units():
    rng = np.random.default_rng(0)
    values = rng.random((8, 30, 5))
    x = sm.add_constant(FULL)

    found = factor_effects(FULL, NAMES, values, one_stratum(np.arange(30)))

    theirs = sm.OLS(values.mean(axis=(1, 2)), x).fit()
    assert (found.conditional, found.df) == (False, 4)
    for effect, value, limits, p in zip(
        found.effects, theirs.params[1:], theirs.conf_int()[1:], theirs.pvalues[1:], strict=True
    ):
        assert effect.effect.value == pytest.approx(value)
        assert (effect.effect.low, effect.effect.high) == pytest.approx(tuple(limits))
        assert effect.p_value == pytest.approx(p)


def test_an_effect_is_in_minus_out():
    """Safety adds 0.25 on every scenario, the others nothing."""
    values = np.zeros((8, 4, 1)) + (0.25 * FULL[:, 2] + 0.3)[:, None, None]

    found = factor_effects(FULL, NAMES, values, one_stratum(np.arange(4)))

    assert [e.factor for e in found.effects] == list(NAMES)
    assert [e.effect.value for e in found.effects] == pytest.approx([0, 0, 0.25])
    assert found.effects[2].effect.low is None  # explained exactly: nothing shows the error


def test_with_few_arms_the_effect_is_conditional_and_has_no_verdict():
    """Two arms: with minus without, clustered over scenarios."""
    rng = np.random.default_rng(1)
    values = rng.random((2, 20, 3))
    design = one_stratum(np.arange(20) // 2)

    found = factor_effects(np.array([[0.0], [1.0]]), ["chat"], values, design)

    assert found.conditional
    assert found.note.startswith("conditional on these checkpoints")
    difference = linear(values[1].mean(axis=1) - values[0].mean(axis=1), design)
    assert found.effects[0].effect.value == pytest.approx(difference.mean)
    half = (found.effects[0].effect.high - found.effects[0].effect.low) / 2
    assert half == pytest.approx(2.2621572 * difference.se)  # t with 9 df
    assert found.effects[0].p_value is None


def test_factors_that_always_change_together_are_refused():
    factors = np.array([[0, 0], [1, 1], [0, 0], [1, 1]], dtype=float)

    with pytest.raises(ValueError, match="do not tell chat, code apart"):
        factor_effects(factors, ["chat", "code"], np.ones((4, 2, 1)), one_stratum(np.arange(2)))


def test_only_scenarios_of_all_arms_count():
    values = np.zeros((8, 2, 1))
    values[:, 0, 0] = FULL[:, 0]
    values[3, 1, 0] = NAN

    found = factor_effects(FULL, NAMES, values, one_stratum(np.arange(2)))

    assert found.effects[0].effect.value == pytest.approx(1.0)


def test_arms_without_a_common_scenario_are_refused():
    values = np.full((8, 8, 1), NAN)
    values[np.arange(8), np.arange(8)] = 1.0

    with pytest.raises(ValueError, match="every arm"):
        factor_effects(FULL, NAMES, values, one_stratum(np.arange(8)))


@pytest.mark.slow
def test_arms_as_units_cover_a_factor_without_effect_and_scenarios_alone_do_not():
    """Training again moves an arm by 2 points: 95 % against about 64 % (STATS section 9.6)."""
    rng = np.random.default_rng(2)
    names = [*NAMES]
    arms, scenarios, runs = 0, 0, 300
    difficulty = rng.normal(0.6, 0.15, size=200)
    for _ in range(runs):
        trained = rng.normal(0, 0.02, size=8)
        p = np.clip(difficulty + trained[:, None], 0, 1)
        values = (rng.random((8, 200, 5)) < p[:, :, None]).astype(float)
        found = factor_effects(FULL, names, values, one_stratum(np.arange(200)))
        arms += found.effects[0].effect.low < 0 < found.effects[0].effect.high
        halves = np.stack([values[4:].mean(axis=(0, 2)) - values[:4].mean(axis=(0, 2))])
        naive = linear(halves[0], one_stratum(np.arange(200)))
        scenarios += abs(naive.mean) < 1.96 * naive.se

    assert 0.92 <= arms / runs <= 0.98
    assert scenarios / runs < 0.8
