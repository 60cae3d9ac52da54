from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.stats.components import training_runs
from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.intervals import t_cdf
from tastemaker.stats.paired import Comparing, compare, paired
from tastemaker.stats.panel import Design, Panel

NAN = float("nan")


def alone(n):
    return Design(
        strata=np.zeros(n, dtype=int),
        stratum_weights=np.ones(1),
        clusters=np.arange(n),
        weights=np.ones(n),
    )


def panel(baseline, candidate, design=None):
    """Two arms, `old` and `new`, on scenarios that are each their own cluster."""
    values = np.stack([np.array(baseline, dtype=float), np.array(candidate, dtype=float)])
    return Panel(
        principle="warmth",
        arms=("old", "new"),
        scenarios=[f"s{i}" for i in range(values.shape[1])],
        values=values,
        design=design or alone(values.shape[1]),
    )


def noisy(n=80, seeds=5, rates=(0.8, 0.7), seed=3, clusters=None):
    """Random 0/1 scores of both arms, on n scenarios in two strata."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) if clusters is None else np.arange(n) % clusters
    design = Design(
        strata=codes % 2,
        stratum_weights=np.array([0.7, 0.3]),
        clusters=codes,
        weights=rng.random(n) + 0.5,
    )
    return panel(*((rng.random((n, seeds)) < rate).astype(float) for rate in rates), design)


def numbers(found):
    return [found.difference, found.low, found.high, found.se, found.p_less, found.p_greater]


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 18))
def test_swapping_the_arms_flips_every_sign_and_swaps_the_tests(seed, n):
    scores = noisy(n, 3, seed=seed)
    one, other = paired(scores, "old", "new"), paired(scores, "new", "old")

    assert other.difference == pytest.approx(-one.difference, abs=1e-12)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
    assert (other.p_less, other.p_greater) == (one.p_greater, one.p_less)
    assert (other.baseline, other.candidate) == (one.candidate, one.baseline)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_scenarios_and_of_seeds_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    scores = noisy(18, 3, seed=seed, clusters=12)
    order = rng.permutation(18)
    shuffled = panel(
        *(rng.permutation(arm[order], axis=1) for arm in scores.values),
        Design(
            strata=scores.design.strata[order],
            stratum_weights=scores.design.stratum_weights,
            clusters=scores.design.clusters[order],
            weights=scores.design.weights[order],
        ),
    )

    assert numbers(paired(shuffled, "old", "new")) == pytest.approx(
        numbers(paired(scores, "old", "new")), rel=1e-6, abs=1e-9
    )


def test_adding_a_constant_to_both_arms_changes_nothing():
    scores = noisy()
    moved = replace(scores, values=scores.values / 2 + 0.25)
    halved = replace(scores, values=scores.values / 2)

    assert numbers(paired(moved, "old", "new")) == pytest.approx(
        numbers(paired(halved, "old", "new")), abs=1e-9
    )


def test_the_same_seed_gives_the_same_numbers_and_another_nearly_so():
    scores = noisy()
    one, same, other = (paired(scores, "old", "new", rng_seed=seed) for seed in (1, 1, 2))

    assert numbers(one) == numbers(same)
    assert one.p_less != other.p_less
    assert other.p_less == pytest.approx(one.p_less, abs=0.01)


def test_many_informative_clusters_get_students_interval():
    found = paired(noisy(), "old", "new")

    assert found.method == "t"
    assert found.informative_clusters >= 20


def test_a_scenario_that_one_arm_has_no_score_for_counts_for_the_other_arm_only():
    found = paired(panel([[1, 1], [0, 0], [1, 0]], [[1, 0], [NAN, NAN], [1, 1]]), "old", "new")

    assert found.difference == 0  # -.5 and +.5
    assert (found.scenarios, found.baseline.scenarios, found.candidate.scenarios) == (2, 3, 2)
    assert found.baseline.mean == 0.5


def test_arms_may_have_different_numbers_of_seeds():
    """The candidate was asked for two seeds of three: its third is not missing."""
    found = paired(panel([[1, 1, 0]] * 30, [[1, 0, NAN]] * 30), "old", "new")

    assert found.difference == pytest.approx(0.5 - 2 / 3)
    assert (found.candidate_missing, found.unscored) == (0, 0)
    assert found.seeds == 3


def test_few_missing_scores_need_no_fill():
    scores = noisy(80)
    scores.values[:, 0, 0] = NAN
    found = paired(scores, "old", "new")

    assert (found.unscored, found.baseline_missing) == (2, 1 / 400)
    assert not found.too_much_missing
    assert found.worst_fill is None


def with_missing(baseline, candidate):
    """100 scenarios, all passing, the first few of each arm unscored."""
    old, new = np.ones((100, 1)), np.ones((100, 1))
    old[:baseline], new[:candidate] = NAN, NAN
    return paired(panel(old, new), "old", "new")


@pytest.mark.parametrize(
    ("baseline", "candidate", "too_much"),
    [(5, 5, False), (6, 5, True), (0, 2, False), (0, 3, True), (3, 0, True)],
)
def test_above_5_percent_or_2_points_apart_too_much_is_missing(baseline, candidate, too_much):
    assert with_missing(baseline, candidate).too_much_missing is too_much


def test_missing_scores_are_filled_against_and_for_the_candidate():
    found = with_missing(0, 10)

    assert found.difference == 0
    assert found.method == "rule_of_three"
    assert found.worst_fill.difference == pytest.approx(-0.1)
    assert found.worst_fill.p_less == 2**-10
    assert found.worst_fill.high < found.high
    assert found.best_fill.difference == 0
    assert found.best_fill.scenarios == 100


def test_a_missing_baseline_is_filled_with_the_opposite():
    found = with_missing(10, 0)

    assert found.worst_fill.difference == 0
    assert found.best_fill.difference == pytest.approx(0.1)


def test_only_the_missing_seed_of_a_scenario_is_filled():
    old, new = np.ones((20, 2)), np.ones((20, 2))
    new[:4, 1] = NAN
    found = paired(panel(old, new), "old", "new")

    assert found.candidate_missing == 0.1
    assert found.worst_fill.difference == pytest.approx(-0.5 * 4 / 20)


def test_without_a_shared_scenario_there_is_no_difference_and_each_arm_keeps_its_numbers():
    found = paired(panel([[1], [NAN], [0]], [[NAN], [1], [NAN]]), "old", "new")

    assert np.isnan(numbers(found)).all()
    assert found.method is None
    assert found.baseline.mean == 0.5
    assert (found.scenarios, found.clusters) == (0, 0)
    assert found.notes == ("No scenario is scored in both arms.",)
    assert np.isnan(found.minimum_detectable_effect)


def test_an_empty_arm_is_all_missing():
    found = paired(panel([[1, 1], [0, 1]], np.full((2, 2), NAN)), "old", "new")

    assert np.isnan(found.difference)
    assert np.isnan(found.candidate.mean)
    assert (found.candidate_missing, found.unscored, found.too_much_missing) == (1, 4, True)
    assert found.worst_fill.difference == pytest.approx(-0.75)


def test_two_arms_without_any_score_have_only_fills():
    found = paired(panel(np.full((3, 1), NAN), np.full((3, 1), NAN)), "old", "new")

    assert np.isnan(numbers(found)).all()
    assert found.worst_fill.difference == -1
    assert found.best_fill.difference == 1


def test_a_panel_without_scenarios_has_no_numbers():
    found = paired(panel(np.empty((0, 2)), np.empty((0, 2))), "old", "new")

    assert np.isnan(found.difference)
    assert (found.scenarios, found.seeds, found.unscored) == (0, 0, 0)


def test_equal_arms_are_equal_up_to_what_may_have_been_missed():
    found = paired(panel(np.ones((72, 5)), np.ones((72, 5))), "old", "new")

    assert (found.difference, found.p_less, found.p_greater) == (0, 1, 1)
    assert found.method == "rule_of_three"
    assert -0.05 < found.low < -0.049  # the floor of STATS 3.4: 72 clusters for 5 points
    assert np.isnan(found.seed_share)


def test_the_same_loss_everywhere_is_not_taken_for_certainty():
    """Forty equal differences of -.2: the SE is 0, the interval is not."""
    found = paired(panel(np.ones((40, 5)), np.full((40, 5), 0.8)), "old", "new")

    assert (found.se, found.method) == (0, "guarded")
    assert found.low < -0.2 < found.high < 0


def test_one_cluster_decides_nothing():
    design = replace(alone(4), clusters=np.zeros(4, dtype=int))
    found = paired(panel(np.ones((4, 2)), np.zeros((4, 2)), design), "old", "new")

    assert (found.difference, found.clusters) == (-1, 1)
    assert np.isnan(found.se)
    assert (found.p_less, found.p_greater) == (0.5, 1)
    assert found.high > 0


def test_infinite_weights_are_refused():
    design = replace(alone(3), weights=np.array([1.0, float("inf"), 1.0]))
    with pytest.raises(ValueError, match="finite"):
        paired(panel(np.ones((3, 1)), np.zeros((3, 1)), design), "old", "new")


def test_an_unknown_arm_is_refused():
    with pytest.raises(KeyError, match="newer"):
        paired(noisy(), "old", "newer")


def test_the_design_effect_is_what_clusters_do_to_the_variance():
    """Five copies of each scenario in a cluster: close to five times the variance."""
    copies = np.repeat(noisy(40).values, 5, axis=1)
    design = replace(alone(200), clusters=np.repeat(np.arange(40), 5))
    found = paired(panel(*copies, design), "old", "new")

    assert found.design_effect == pytest.approx(5 * (199 / 200) * (40 / 39), rel=1e-9)


def test_the_detectable_effect_comes_from_the_interval():
    found = paired(noisy(), "old", "new")

    assert found.minimum_detectable_effect == pytest.approx(
        (found.high - found.low) / 2 * (1 + 0.8416212 / 1.9599640), rel=1e-6
    )


def test_gaffkes_interval_is_wider_than_students():
    scores = noisy()
    one, other = paired(scores, "old", "new"), paired(scores, "old", "new", method="gaffke")

    assert other.method == "gaffke"
    assert other.low < one.low
    assert other.high > one.high
    assert (other.p_less, other.difference) == (one.p_less, one.difference)


def test_training_runs_add_their_own_variance_and_take_their_degrees_of_freedom():
    """V = SE^2 over clusters + run variance / K of each arm; p from the t statistic."""
    scores = noisy()
    base, cand = scores.values
    cand[:, 0] = 0.0  # one training run of the candidate went wrong
    found = paired(scores, "old", "new", seed_kind="training")
    clusters = linear(scenario_means(cand) - scenario_means(base), scores.design)
    parts = [training_runs(arm, scores.design.omega()).mean_variance for arm in (base, cand)]
    variance = clusters.se**2 + sum(parts)
    df = variance**2 / (clusters.se**4 / clusters.df + (parts[0] ** 2 + parts[1] ** 2) / 4)

    assert found.se == pytest.approx(np.sqrt(variance))
    assert found.df == pytest.approx(df)
    assert found.df < 6
    assert found.p_less == pytest.approx(t_cdf(found.difference / found.se, df))
    assert found.p_greater == pytest.approx(1 - found.p_less)
    assert "Training runs" in found.notes[-1]


def test_a_bad_training_run_is_no_regression_although_every_scenario_agrees():
    """Run 1 of 5 scores 0 everywhere: sampling seeds would call it certain."""
    rng = np.random.default_rng(8)
    old, new = (rng.random((200, 5)) < 0.9 for _ in range(2))
    new[:, 0] = False
    scores = panel(old, new)

    assert paired(scores, "old", "new").p_less < 0.001
    assert paired(scores, "old", "new", seed_kind="training").p_less > 0.1


def test_one_training_run_has_no_error():
    found = paired(noisy(seeds=1), "old", "new", seed_kind="training")

    assert np.isnan([found.se, found.low, found.high, found.p_less]).all()
    assert found.difference == pytest.approx(paired(noisy(seeds=1), "old", "new").difference)


def test_training_runs_that_never_differ_keep_the_sign_flip_test():
    found = paired(
        panel(np.ones((30, 3)), np.full((30, 3), 0.5)), "old", "new", seed_kind="training"
    )

    assert (found.se, found.method) == (0, "guarded")
    assert found.p_less < 0.001


def test_gaffkes_bounds_do_not_cover_training_runs():
    with pytest.raises(ValueError, match="training"):
        compare(
            np.ones((3, 2)),
            np.zeros((3, 2)),
            alone(3),
            Comparing(method="gaffke", seed_kind="training"),
        )


def test_what_is_shown_of_an_interval_stays_between_minus_one_and_one():
    """Two clusters lose all; guarded by +1 and -1: -.5 and 3.182446 * sqrt(.75 / 4) about it."""
    found = compare(np.ones((2, 1)), np.zeros((2, 1)), alone(2))

    half = 3.182446 * (0.75 / 4) ** 0.5
    assert (found.low, found.high) == pytest.approx((-0.5 - half, -0.5 + half))
    assert found.half_width == pytest.approx(half)
    assert found.limits == pytest.approx((-1.0, -0.5 + half))
