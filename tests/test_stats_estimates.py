from time import perf_counter

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tastemaker.stats.estimates import arm_mean, linear, scenario_means
from tastemaker.stats.panel import Design

NAN = float("nan")


def design(n, *, strata=None, stratum_weights=(1.0,), clusters=None, weights=None):
    """N scenarios of one stratum, each its own cluster, unless said otherwise."""
    return Design(
        strata=np.zeros(n, dtype=int) if strata is None else np.array(strata),
        stratum_weights=np.array(stratum_weights, dtype=float),
        clusters=np.arange(n) if clusters is None else np.array(clusters),
        weights=np.ones(n) if weights is None else np.array(weights, dtype=float),
    )


def random_design(rng, n=40, clusters=12, strata=3):
    """Clusters of several scenarios inside strata, with unequal weights."""
    codes = rng.permutation(np.arange(n) % clusters)
    return Design(
        strata=codes % strata,
        stratum_weights=rng.random(strata) + 0.1,
        clusters=codes,
        weights=rng.random(n) + 0.1,
    )


def test_a_scenario_mean_is_over_the_seeds_present():
    values = np.array([[1.0, 0.0, NAN], [NAN, NAN, NAN], [0.5, 0.5, 0.5]])

    assert scenario_means(values) == pytest.approx([0.5, NAN, 0.5], nan_ok=True)


def test_an_unclustered_error_is_the_standard_error_of_a_mean():
    found = linear(np.array([0.0, 0.0, 1.0, 1.0]), design(4))

    assert found.mean == 0.5
    assert found.se == pytest.approx(np.sqrt((1 / 3) / 4))
    assert found.df == 3


def test_two_clusters_that_differ_wholly_have_the_error_of_two_observations():
    """Cluster totals Z are -1/4 and +1/4: V = 2/1 * (1/16 + 1/16) = 1/4."""
    found = linear(np.array([0.0, 0.0, 1.0, 1.0]), design(4, clusters=[7, 7, 3, 3]))

    assert found.se == pytest.approx(0.5)
    assert (found.df, found.clusters, found.effective_clusters) == (1, 2, 2)
    assert found.cluster_codes.tolist() == [3, 7]


@pytest.mark.parametrize("seed", range(5))
def test_the_clustered_error_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    y, weights, clusters = rng.random(60), rng.random(60) + 0.1, rng.integers(0, 15, 60)
    oracle = sm.WLS(y, np.ones(60), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}
    )

    found = linear(y, design(60, clusters=clusters, weights=weights))

    assert found.mean == pytest.approx(oracle.params[0], rel=1e-10)
    assert found.se == pytest.approx(oracle.bse[0], rel=1e-10)


def test_strata_count_by_their_declared_weight_however_many_scenarios_they_have():
    found = linear(
        np.array([1.0, 1.0, 1.0, 0.0]),
        design(4, strata=[0, 0, 0, 1], stratum_weights=(0.25, 0.75)),
    )

    assert found.mean == pytest.approx(0.25)


def test_scenarios_without_a_value_drop_out_and_the_rest_are_weighted_again():
    with_gap = linear(
        np.array([1.0, NAN, 0.0, 1.0]), design(4, strata=[0, 0, 1, 1], stratum_weights=(0.5, 0.5))
    )

    assert with_gap.mean == pytest.approx(0.5 * 1.0 + 0.5 * 0.5)
    assert with_gap.scenarios == 3


def test_a_stratum_with_one_cluster_is_merged_for_the_variance_only():
    """Merged with the smaller other stratum: centred on their common mean, four clusters in all."""
    y = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0])
    strata, weights = [0, 1, 1, 1, 2, 2, 2], (0.2, 0.3, 0.5)
    found = linear(y, design(7, strata=strata, stratum_weights=weights))
    z_merged = np.array([0.2 * (1 - 0.6), 0.1 * -0.6, 0.1 * 0.4, 0.1 * -0.6])
    z_other = 0.5 / 3 * (np.array([1, 0, 1]) - 2 / 3)

    assert found.mean == pytest.approx(0.2 + 0.3 / 3 + 0.5 * 2 / 3)
    assert found.se**2 == pytest.approx(
        4 / 3 * (z_merged**2).sum() + 3 / 2 * (z_other**2).sum(), rel=1e-12
    )
    assert "single cluster" in found.notes[0]


def test_strata_of_one_cluster_each_are_merged_until_there_is_a_variance():
    found = linear(
        np.array([1.0, 0.0, 0.5]), design(3, strata=[0, 1, 2], stratum_weights=(1, 1, 1))
    )

    assert found.se == pytest.approx(0.5 / np.sqrt(3))
    assert found.df == 2


def test_a_cluster_that_spans_strata_makes_one_group_of_all():
    """Scores centred on their strata: Z = omega * (.5, -.5, .5, -.5) by cluster a, b, a, c."""
    found = linear(
        np.array([1.0, 0.0, 1.0, 0.0]),
        design(4, strata=[0, 0, 1, 1], stratum_weights=(0.5, 0.5), clusters=[0, 1, 0, 2]),
    )

    assert found.se**2 == pytest.approx(3 / 2 * (0.25**2 + 0.125**2 + 0.125**2))
    assert found.df == 2
    assert "spans strata" in found.notes[0]


def test_one_cluster_has_a_mean_and_no_error():
    found = linear(np.array([1.0, 0.0]), design(2, clusters=[4, 4]))

    assert found.mean == 0.5
    assert np.isnan(found.se)
    assert found.df == 0


def test_equal_scores_have_an_error_of_exactly_zero():
    found = linear(np.full(30, 0.7), design(30))

    assert found.mean == pytest.approx(0.7)
    assert found.se == 0


@pytest.mark.parametrize("bad", [float("inf"), -1.0, NAN])
def test_weights_must_be_finite_and_not_negative(bad):
    with pytest.raises(ValueError, match="scenario weights"):
        linear(np.zeros(3), design(3, weights=[1, 1, bad]))
    with pytest.raises(ValueError, match="stratum weights"):
        linear(np.zeros(3), design(3, stratum_weights=(bad,)))


def test_an_infinite_score_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        linear(np.array([0.0, float("inf")]), design(2))


@pytest.mark.parametrize(
    ("y", "weights"), [([NAN, NAN], [1, 1]), ([1.0, 0.0], [0, 0]), ([1.0, NAN], [0, 1])]
)
def test_with_no_scenario_left_there_is_no_estimate(y, weights):
    with pytest.raises(ValueError, match="No scenario"):
        linear(np.array(y), design(2, weights=weights))


scores = arrays(float, 40, elements=st.floats(0, 1, width=16))


@settings(deadline=None)
@given(y=scores, seed=st.integers(0, 1000))
def test_the_order_of_scenarios_and_the_names_of_clusters_do_not_matter(y, seed):
    rng = np.random.default_rng(seed)
    drawn = random_design(rng)
    order, names = rng.permutation(40), rng.permutation(100)
    shuffled = Design(
        strata=drawn.strata[order],
        stratum_weights=drawn.stratum_weights,
        clusters=names[drawn.clusters[order]],
        weights=drawn.weights[order],
    )

    one, other = linear(y, drawn), linear(y[order], shuffled)

    assert other.mean == pytest.approx(one.mean, abs=1e-12)
    assert other.se == pytest.approx(one.se, rel=1e-6, abs=1e-9)
    assert sorted(other.contributions) == pytest.approx(sorted(one.contributions), abs=1e-12)


@settings(deadline=None)
@given(y=scores, shift=st.floats(-5, 5), seed=st.integers(0, 1000))
def test_adding_a_constant_moves_the_mean_and_not_the_error(y, shift, seed):
    drawn = random_design(np.random.default_rng(seed))

    one, other = linear(y, drawn), linear(y + shift, drawn)

    assert other.mean == pytest.approx(one.mean + shift, abs=1e-9)
    assert other.se == pytest.approx(one.se, rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(y=scores, factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_only_the_ratios_of_weights_matter(y, factor, seed):
    drawn = random_design(np.random.default_rng(seed))
    scaled = Design(
        strata=drawn.strata,
        stratum_weights=drawn.stratum_weights * factor,
        clusters=drawn.clusters,
        weights=drawn.weights / factor,
    )

    one, other = linear(y, drawn), linear(y, scaled)

    assert (other.mean, other.effective_clusters) == pytest.approx(
        (one.mean, one.effective_clusters), rel=1e-9
    )


def test_five_thousand_scenarios_ninety_times_take_well_under_a_second():
    rng = np.random.default_rng(0)
    drawn = random_design(rng, n=5000, clusters=1000, strata=8)
    columns = rng.random((90, 5000))
    start = perf_counter()
    for y in columns:
        linear(y, drawn)

    assert perf_counter() - start < 1


def test_an_arm_that_always_passes_keeps_an_interval_by_its_clusters():
    """STATS 2.4: 8 clusters of 5 that all pass reach down to .589, not to the .877 of 40 rows."""
    found = arm_mean(np.ones((40, 5)), design(40, clusters=np.arange(40) // 5))

    assert (found.low, found.high) == pytest.approx((0.5886054295, 1.0), abs=1e-9)
    assert (found.scenarios, found.clusters, found.seeds) == (40, 8, 5)


def test_rerun_sds_are_the_pooled_within_variance_when_all_weigh_the_same():
    """STATS V2: sqrt(MSW/(nK)) and sqrt(MSW/n)."""
    rows = ["11110", "10111", "00100", "11111", "11010", "00010"]
    found = arm_mean(np.array([[float(c) for c in row] for row in rows]), design(6))

    assert found.rerun_sd == pytest.approx(0.0781735960, abs=1e-9)
    assert found.rerun_sd_single == pytest.approx(0.1748014747, abs=1e-9)


def test_rerun_sd_counts_a_scenario_by_its_weight():
    """Only the first scenario varies (s^2 = .5, 2 seeds): .8 * sqrt(.5 / 2)."""
    found = arm_mean(np.array([[1.0, 0.0], [1.0, 1.0]]), design(2, weights=[4, 1]))

    assert found.rerun_sd == pytest.approx(0.8 * np.sqrt(0.25))


def test_rerun_sd_needs_a_repeat():
    assert np.isnan(arm_mean(np.array([[1.0], [0.0], [1.0]]), design(3)).rerun_sd)


def test_scores_outside_0_and_1_get_students_interval():
    found = arm_mean(np.array([[-0.5], [0.25], [1.0]]), design(3))

    assert found.method == "t"
    assert found.low < 0


def test_an_arm_without_a_score_has_no_numbers():
    found = arm_mean(np.full((3, 2), NAN), design(3))

    assert np.isnan([found.mean, found.low, found.high, found.rerun_sd]).all()
    assert (found.scenarios, found.seeds) == (0, 0)
    assert found.notes


def test_an_arm_on_one_cluster_has_a_mean_and_no_interval():
    found = arm_mean(np.array([[1.0], [0.0]]), design(2, clusters=[0, 0]))

    assert found.mean == 0.5
    assert np.isnan([found.low, found.high]).all()
