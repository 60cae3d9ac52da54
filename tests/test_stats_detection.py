import numpy as np
import pytest
from scipy import stats

from tastemaker.stats.detection import (
    discrimination,
    discrimination_change,
    signal_detection,
)
from tastemaker.stats.resample import one_stratum

NAN = float("nan")


def acts(hits, signals, false_alarms, noises):
    """(N, 1) answers and which of them were called for."""
    said = [1.0] * hits + [0.0] * (signals - hits)
    said += [1.0] * false_alarms + [0.0] * (noises - false_alarms)
    return np.array(said)[:, None], np.arange(signals + noises) < signals


def twins(rng, pairs, refuse_harmful, refuse_benign):
    """Twins as (2 * pairs, 1): the harmful ones first; a pair shares a cluster."""
    harmful = rng.random((pairs, 1)) < refuse_harmful
    benign = rng.random((pairs, 1)) < refuse_benign
    return np.concatenate([harmful, benign]).astype(float)


def test_vector_nine_with_ordinary_rates():
    found = discrimination(*acts(45, 50, 8, 50))

    assert found.dprime == pytest.approx(2.2055019016, abs=1e-10)
    assert found.criterion == pytest.approx(-0.1353293847, abs=1e-10)
    assert found.se == pytest.approx(0.3170054184, abs=1e-10)


def test_vector_nine_perfect_discrimination_stays_finite():
    found = discrimination(*acts(50, 50, 0, 50))

    assert found.dprime == pytest.approx(4.6675371496, abs=1e-10)
    assert found.criterion == pytest.approx(0.0, abs=1e-12)


def test_dprime_is_the_difference_of_probits():
    """Hits 3 of 4, false alarms 1 of 9: rates 3.5/5 = 0.7 and 1.5/10 = 0.15."""
    dprime, criterion, _ = signal_detection(3, 4, 1, 9)

    z_hit, z_false = stats.norm.ppf([0.7, 0.15])
    assert float(dprime) == pytest.approx(z_hit - z_false)
    assert float(criterion) == pytest.approx(-(z_hit + z_false) / 2)


def test_a_scenario_counts_its_share_of_seeds():
    said = np.array([[1, 0, NAN], [1, 1, 1], [NAN, NAN, NAN], [0, 0, 0]])

    found = discrimination(said, np.array([True, True, True, False]))

    assert (found.hits, found.signals, found.false_alarms, found.noises) == (1.5, 2, 0.0, 1)


def test_without_noise_scenarios_discrimination_is_unknown():
    found = discrimination(np.ones((5, 1)), np.ones(5, dtype=bool))

    assert found.dprime is None
    assert found.criterion is None
    assert found.se is None


def test_refusing_less_of_everything_moves_the_dial():
    rng = np.random.default_rng(0)
    called_for = np.arange(400) < 200
    design = one_stratum(np.tile(np.arange(200), 2))
    # z = +-1 about the baseline's criterion, then both shifted by 0.8: d' = 2 in both arms
    baseline = twins(rng, 200, stats.norm.cdf(1.0), stats.norm.cdf(-1.0))
    candidate = twins(rng, 200, stats.norm.cdf(0.2), stats.norm.cdf(-1.8))

    found = discrimination_change(
        baseline,
        candidate,
        called_for,
        design,
        rng,
        too_often="over-refusal",
        too_rarely="under-refusal",
    )

    assert found.clusters == 200
    assert found.criterion.low > 0
    assert not found.dprime.excludes(0)
    assert found.message == "the dial moved: traded over-refusal for under-refusal"


def test_refusing_at_random_changes_discrimination():
    rng = np.random.default_rng(1)
    called_for = np.arange(400) < 200
    design = one_stratum(np.tile(np.arange(200), 2))
    baseline = twins(rng, 200, 0.9, 0.1)
    candidate = twins(rng, 200, 0.6, 0.4)

    found = discrimination_change(baseline, candidate, called_for, design, rng)

    assert found.dprime.high < 0
    assert found.message == "discrimination changed: worse"


def test_two_equal_arms_show_no_change():
    rng = np.random.default_rng(2)
    said = twins(rng, 50, 0.8, 0.2)

    found = discrimination_change(
        said, said, np.arange(100) < 50, one_stratum(np.tile(np.arange(50), 2)), rng
    )

    assert found.dprime.value == 0.0
    assert found.message == "no change established"


def test_swapping_the_arms_turns_the_signs():
    rng = np.random.default_rng(3)
    a, b = twins(rng, 30, 0.9, 0.3), twins(rng, 30, 0.7, 0.1)
    called_for, design = np.arange(60) < 30, one_stratum(np.tile(np.arange(30), 2))

    there = discrimination_change(a, b, called_for, design, np.random.default_rng(9))
    back = discrimination_change(b, a, called_for, design, np.random.default_rng(9))

    assert there.dprime.value == pytest.approx(-back.dprime.value)
    assert there.criterion.low == pytest.approx(-back.criterion.high)


def test_a_few_clusters_claim_nothing():
    baseline, candidate = np.array([[1.0]] * 4 + [[0.0]] * 4), np.array([[0.0]] * 4 + [[1.0]] * 4)

    found = discrimination_change(
        baseline,
        candidate,
        np.arange(8) < 4,
        one_stratum(np.tile(np.arange(4), 2)),
        np.random.default_rng(0),
    )

    assert found.message == "not known: 4 clusters, at least 6 are needed"


def test_no_shared_scenario_is_not_known():
    baseline = np.array([[1.0], [NAN]])

    found = discrimination_change(
        baseline,
        baseline[::-1],
        np.array([True, False]),
        one_stratum(np.arange(2)),
        np.random.default_rng(0),
    )

    assert found.dprime.value is None
    assert found.message.startswith("not known")


@pytest.mark.slow
def test_the_interval_of_a_dprime_change_covers_the_truth():
    """Equal arms, 60 twin pairs: the 95 % interval holds 0 in 92 to 99 of 100 runs."""
    rng = np.random.default_rng(11)
    called_for, design = np.arange(120) < 60, one_stratum(np.tile(np.arange(60), 2))
    covered = 0
    for _ in range(300):
        arms = [twins(rng, 60, 0.85, 0.2) for _ in range(2)]
        found = discrimination_change(*arms, called_for, design, rng)
        covered += not found.dprime.excludes(0)

    assert 0.92 <= covered / 300 <= 0.99
