"""STATS 12, V1: two strata, six clusters, two seeds; every number the comparison can produce."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.weightstats import ttost_paired

from tastemaker.stats.components import delta
from tastemaker.stats.estimates import arm_mean, linear, scenario_means
from tastemaker.stats.intervals import guarded, t_cdf, t_interval
from tastemaker.stats.paired import paired
from tastemaker.stats.panel import Design, Panel
from tastemaker.stats.permutation import sign_flip

BASELINE = np.array([[1, 1], [1, 0], [1, 1], [0, 1], [1, 1], [1, 1], [0, 0], [1, 0]], dtype=float)
CANDIDATE = np.array([[1, 0], [0, 0], [1, 1], [0, 0], [1, 1], [1, 0], [1, 0], [0, 0]], dtype=float)
DELTAS = CANDIDATE.mean(axis=1) - BASELINE.mean(axis=1)
DESIGN = Design(
    strata=np.array([0, 0, 0, 0, 0, 1, 1, 1]),
    stratum_weights=np.array([0.6, 0.4]),
    clusters=np.array([1, 1, 2, 3, 3, 4, 5, 6]),
    weights=np.ones(8),
)
UNSTRATIFIED = replace(DESIGN, strata=np.zeros(8, dtype=int), stratum_weights=np.ones(1))
UNCLUSTERED = replace(UNSTRATIFIED, clusters=np.arange(8))
PANEL = Panel(
    principle="clarity",
    arms=("prompted", "v11"),
    scenarios=[f"p{i}" for i in range(1, 9)],
    values=np.stack([BASELINE, CANDIDATE]),
    design=DESIGN,
)


def close(number):
    return pytest.approx(number, rel=0, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "mean", "se", "df"),
    [
        (BASELINE, 0.68, 0.120951781, 2.3851610599),
        (CANDIDATE, 0.4333333333, 0.1234683945, 3.407695984),
    ],
)
def test_each_arm_has_its_stratified_mean_and_clustered_error(values, mean, se, df):
    arm = arm_mean(values, DESIGN)

    assert arm.mean == close(mean)
    assert arm.se == close(se)
    assert arm.df == close(df)
    assert (arm.scenarios, arm.clusters, arm.seeds) == (8, 6, 2)


def test_the_difference_has_its_error_degrees_of_freedom_and_effective_clusters():
    found = linear(DELTAS, DESIGN)

    assert found.mean == close(-0.2466666666666667)
    assert found.se == close(0.1529502461)
    assert found.df == close(3.1489436815)
    assert found.clusters == 6
    assert found.effective_clusters == close(5.4664723032)
    assert found.informative_clusters == 5


def test_cluster_contributions_add_up_to_the_difference():
    found = linear(DELTAS, DESIGN)

    assert found.cluster_codes.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.contributions == close([-0.12, 0, -0.06, -0.2 / 3, 0.2 / 3, -0.2 / 3])
    assert found.contributions.sum() == close(found.mean)
    assert found.cluster_weights == close([0.24, 0.12, 0.24, 0.4 / 3, 0.4 / 3, 0.4 / 3])


def test_the_two_intervals_of_the_difference():
    found = linear(DELTAS, DESIGN)

    assert t_interval(found.mean, found.se, found.df) == close((-0.7206535157, 0.2273201824))
    assert guarded(found.mean, found.se, found.df, found.effective_clusters) == close(
        (-0.7372805713, 0.3760935350)
    )


def test_the_sign_flip_test_counts_5_of_32_sign_vectors():
    found = sign_flip(linear(DELTAS, DESIGN).contributions, rng=np.random.default_rng(1))

    assert (found.less, found.two_sided) == (0.15625, 0.3125)
    assert found.exact


def test_without_strata_the_error_is_millers_with_the_finite_cluster_factor():
    clustered = linear(DELTAS, UNSTRATIFIED)

    assert clustered.mean == close(-0.25)
    assert clustered.se == close(0.1369306394)
    assert clustered.se * np.sqrt(5 / 6) == close(0.125)
    assert linear(DELTAS, UNCLUSTERED).se == close(0.1336306210)


def test_the_unclustered_t_of_the_lower_margin_is_the_tost_p_value():
    found = linear(DELTAS, UNCLUSTERED)
    p = 1 - t_cdf((found.mean + 0.5) / found.se, found.df)

    assert p == close(0.0517758551)
    assert p == close(
        ttost_paired(scenario_means(CANDIDATE), scenario_means(BASELINE), -0.5, 0.5)[0]
    )


def test_seed_noise_larger_than_the_variance_of_the_differences_is_clipped_in_the_report():
    found = delta(BASELINE, CANDIDATE)

    assert found.difference_variance == close(0.1428571429)
    assert (found.baseline_variance, found.candidate_variance) == (0.1875, 0.1875)
    assert found.true_variance == 0
    assert found.seed_share_raw == close(1.3125)
    assert found.seed_share == 1


def test_paired_hands_over_all_of_it():
    found = paired(PANEL, "prompted", "v11")

    assert found.difference == close(-0.2466666666666667)
    assert (found.low, found.high) == close((-0.7372805713, 0.3760935350))
    assert found.method == "guarded"
    assert (found.se, found.df) == close((0.1529502461, 3.1489436815))
    assert (found.p_less, found.p_greater) == (0.15625, 0.9375)
    assert (found.scenarios, found.clusters, found.informative_clusters) == (8, 6, 5)
    assert found.effective_clusters == close(5.4664723032)
    assert (found.seeds, found.seed_share) == (2, 1.0)
    assert (found.baseline.mean, found.candidate.mean) == close((0.68, 0.4333333333333333))
    assert (found.unscored, found.too_much_missing) == (0, False)
    assert (found.worst_fill, found.best_fill) == (None, None)
