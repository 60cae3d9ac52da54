import numpy as np
import pytest

from tastemaker.stats.early import (
    entry_looks,
    look_alphas,
    look_limits,
    overall_p,
    sequential,
    share_used,
)
from tastemaker.stats.panel import Design

N = 300


def rng():
    return np.random.default_rng(4)


def alone(n=N):
    return Design(
        strata=np.arange(n) % 2,
        stratum_weights=np.ones(2),
        clusters=np.arange(n),
        weights=np.ones(n),
    )


def test_five_looks_have_o_brien_flemings_limits():
    """STATS V5."""
    assert look_limits(5) == pytest.approx((4.5616, 3.2255, 2.6336, 2.2808, 2.0400), abs=1e-4)
    assert look_alphas(5)[-1] == pytest.approx(0.04135, abs=1e-5)


@pytest.mark.parametrize("looks", [2, 3, 4, 5])
def test_all_looks_together_spend_one_sided_two_and_a_half_percent(looks):
    """A random walk seen at equal steps crosses one of the limits in 2.5 % of runs."""
    walks = rng().normal(size=(200_000, looks)).cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))
    crossed = (walks > look_limits(looks)).any(axis=1).mean()

    assert crossed == pytest.approx(0.025, abs=0.0015)


@pytest.mark.parametrize("looks", [1, 6])
def test_only_planned_numbers_of_looks_are_known(looks):
    with pytest.raises(ValueError, match="2 to 5"):
        look_limits(looks)


@pytest.mark.parametrize(
    ("alpha", "constants"),
    [
        (0.1, (1.678, 1.710, 1.733, 1.751)),
        (0.05, (1.977, 2.004, 2.024, 2.040)),
        (0.01, (2.580, 2.595, 2.609, 2.621)),
    ],
)
def test_limits_of_other_levels_are_the_published_ones(alpha, constants):
    """Jennison and Turnbull (2000), table 2.3, two-sided alpha, 2 to 5 looks."""
    found = [look_limits(looks, alpha=alpha)[-1] for looks in (2, 3, 4, 5)]

    assert found == pytest.approx(constants, abs=6e-4)


@pytest.mark.parametrize("look", [1, 2, 3, 4, 5])
def test_a_p_value_on_the_limit_of_its_look_is_the_level_over_all_looks(look):
    p = look_alphas(5)[look - 1] / 2

    assert overall_p(p, look) == pytest.approx(0.025, abs=2e-5)


def test_p_values_over_all_looks_are_valid_at_whichever_look_one_stops():
    """The smallest of five is below a in a of 40,000 walks (SE .0011 at .05)."""
    walks = rng().normal(size=(40_000, 5)).cumsum(axis=1) / np.sqrt(np.arange(1, 6))
    for level in (0.05, 0.01):
        limits = np.array(look_limits(5, alpha=2 * level))
        assert (walks > limits).any(axis=1).mean() == pytest.approx(level, abs=0.004)


def test_a_p_value_over_all_looks_is_larger_and_knows_its_edges():
    assert overall_p(0.02, 5) == pytest.approx(0.02415, abs=1e-5)
    assert overall_p(1.0, 2) == 1.0
    assert np.isnan(overall_p(np.nan, 2))


def test_scenarios_enter_in_equal_parts_of_each_stratum_and_clusters_enter_whole():
    clusters = np.arange(120) // 3
    design = Design(
        strata=np.repeat([0, 1], [90, 30]),
        stratum_weights=np.ones(2),
        clusters=clusters,
        weights=np.ones(120),
    )
    entry = entry_looks(design, 5, rng=rng())

    assert np.bincount(entry[:90])[1:].tolist() == [18] * 5
    assert np.bincount(entry[90:])[1:].tolist() == [6] * 5
    assert all(len(set(entry[clusters == cluster])) == 1 for cluster in range(40))


def test_the_order_is_random_and_the_same_for_the_same_seed():
    one, same = (entry_looks(alone(), 5, rng=rng()) for _ in range(2))

    assert (one == same).all()
    assert (one != entry_looks(alone(), 5, rng=np.random.default_rng(5))).any()


def test_a_cluster_that_spans_strata_enters_whole():
    design = Design(
        strata=np.array([0, 1, 0, 1]),
        stratum_weights=np.ones(2),
        clusters=np.array([0, 0, 1, 2]),
        weights=np.ones(4),
    )
    entry = entry_looks(design, 2, rng=rng())

    assert entry[0] == entry[1]


def test_a_collapse_stops_before_the_end():
    differences = np.where(rng().random(N) < 0.3, -1.0, 0.0)
    looks = sequential(differences, alone(), entry_looks(alone(), 5, rng=rng()), margin=0.05)

    assert looks[-1].decision == "REGRESSED"
    assert share_used(looks, N) <= 0.4
    assert [look.decision for look in looks[:-1]] == ["CONTINUE"] * (len(looks) - 1)


def test_no_change_at_all_is_certified_once_enough_clusters_are_seen():
    """The rule of three at look 2 of 300: 120 clusters, alpha .00126 -> .0597; look 3: .0264."""
    looks = sequential(np.zeros(N), alone(), entry_looks(alone(), 5, rng=rng()), margin=0.05)

    assert [look.decision for look in looks] == ["CONTINUE", "CONTINUE", "NON_INFERIOR"]
    assert looks[1].low == pytest.approx(-(1 - (look_alphas(5)[1] / 2) ** (1 / 120)))
    assert share_used(looks, N) == 0.6


def test_noise_takes_every_look_and_decides_nothing():
    differences = np.tile([-1.0, -1.0, 1.0, 1.0], N // 4)
    looks = sequential(differences, alone(), np.arange(N) * 5 // N + 1, margin=0.05)

    assert [look.scenarios for look in looks] == [60, 120, 180, 240, 300]
    assert {look.decision for look in looks} == {"CONTINUE"}


def test_a_look_at_nothing_goes_on():
    looks = sequential(np.full(N, np.nan), alone(), np.ones(N, dtype=int), margin=0.05)

    assert {look.decision for look in looks} == {"CONTINUE"}
    assert np.isnan(looks[0].difference)
