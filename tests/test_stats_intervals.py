import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tastemaker.stats.estimates import linear
from tastemaker.stats.intervals import (
    gaffke,
    guarded,
    ladder,
    normal_quantile,
    rule_of_three,
    t_cdf,
    t_interval,
    t_quantile,
    wilson,
    wilson_limits,
)
from tastemaker.stats.panel import Design

SKEWED = np.array([-1, -1, -0.4, 0.2, 0.2] + [0] * 45)


def alone(n):
    return Design(
        strata=np.zeros(n, dtype=int),
        stratum_weights=np.ones(1),
        clusters=np.arange(n),
        weights=np.ones(n),
    )


def test_quantiles_are_those_of_scipy_stats():
    assert t_quantile(0.975, 3.7) == pytest.approx(stats.t.ppf(0.975, 3.7), rel=1e-12)
    assert t_quantile(0.975, float("inf")) == pytest.approx(1.959963984540054)
    assert t_cdf(-1.3, 5) == pytest.approx(stats.t.cdf(-1.3, 5), rel=1e-12)
    assert np.isnan(t_quantile(0.975, 0))


def test_fifty_skewed_deltas_by_t_and_guarded():
    """STATS V4; guarded is the t interval of the 52 values with +1 and -1, its sd with ddof 0."""
    found = linear(SKEWED, alone(50))
    values = np.append(SKEWED, [1.0, -1.0])
    half = stats.t.ppf(0.975, 51) * values.std() / np.sqrt(52)

    assert (found.mean, found.se) == pytest.approx((-0.04, 0.0296922996), abs=1e-9)
    assert t_interval(found.mean, found.se, found.df) == pytest.approx(
        (-0.0996689099, 0.0196689099), abs=1e-9
    )
    assert guarded(found.mean, found.se, found.df, 50) == pytest.approx(
        (-0.1172345683, 0.0403114914), abs=1e-9
    )
    assert guarded(found.mean, found.se, found.df, 50) == pytest.approx(
        (values.mean() - half, values.mean() + half), rel=1e-12
    )


def test_guarded_with_normal_quantiles_is_bonett_price():
    """STATS V4: 100 pairs, 9 lost and 3 won."""
    values = np.array([-1.0] * 9 + [1.0] * 3 + [0.0] * 88)
    found = linear(values, alone(100))

    assert guarded(found.mean, found.se, float("inf"), 100) == pytest.approx(
        (-0.1298086712, 0.0121616124), abs=1e-9
    )


@pytest.mark.parametrize(
    ("clusters", "low"), [(20, -0.168433), (55, -0.064871), (72, -0.049944), (100, -0.036217)]
)
def test_without_any_change_the_limits_are_what_may_have_been_missed(clusters, low):
    assert rule_of_three(0.0, clusters) == pytest.approx((low, -low), abs=1e-6)


@pytest.mark.parametrize(
    ("met", "n", "limits"),
    [(19, 20, (0.763869, 0.991119)), (20, 20, (0.838875, 1)), (48, 50, (0.865399, 0.988961))],
)
def test_wilsons_limits_are_published_ones_and_those_of_statsmodels(met, n, limits):
    found = wilson_limits(met / n, n, normal_quantile(0.975))

    assert found == pytest.approx(limits, abs=1e-6)
    assert found == pytest.approx(proportion_confint(met, n, method="wilson"), rel=1e-12)


def test_korn_graubard_wilson_of_one_arm():
    """STATS V4: effective n 52.8 is capped at the 40 scenarios; all pass falls back to clusters."""
    assert wilson(0.95, 0.03, 40, scenarios=40) == pytest.approx(
        (0.8298147917, 0.9866732118), abs=1e-9
    )
    assert wilson(1.0, 0.0, 40, scenarios=40) == pytest.approx((0.9072088927, 1.0), abs=1e-9)
    assert wilson(1.0, 0.0, 8, scenarios=40) == pytest.approx((0.5886054295, 1.0), abs=1e-9)


@pytest.mark.parametrize(
    ("informative", "se", "method"),
    [
        (0, 0.0, "rule_of_three"),
        (1, 0.01, "guarded"),
        (19, 0.01, "guarded"),
        (20, 0.01, "t"),
        (30, 0.0, "guarded"),  # thirty equal differences do not prove the next one equal
    ],
)
def test_the_ladder_picks_by_informative_clusters(informative, se, method):
    found = ladder(-0.01 * (informative > 0), se, 29, 30, informative_clusters=informative)

    assert found.method == method
    assert found.low < 0 < found.high
    assert found.half_width == (found.high - found.low) / 2


def test_one_changed_cluster_alone_has_a_wide_interval_and_no_error():
    """Values -.2, 1, -1: mean -.2/3, sd with ddof 0, t with 2 degrees of freedom."""
    found = ladder(-0.2, float("nan"), 0, 1, informative_clusters=1)
    half = stats.t.ppf(0.975, 2) * np.std([-0.2, 1, -1]) / np.sqrt(3)

    assert (found.low, found.high) == pytest.approx((-0.2 / 3 - half, -0.2 / 3 + half))


def binary_cluster_limits(met, n):
    contributions = np.repeat([1.0, -1.0], [met, n - met]) / n
    return gaffke(contributions, np.full(n, 1 / n), rng=np.random.default_rng(1))


def test_gaffkes_bounds_of_binary_values_are_clopper_pearson():
    found = binary_cluster_limits(45, 50)
    low, high = proportion_confint(45, 50, method="beta")

    assert found == pytest.approx((2 * low - 1, 2 * high - 1), abs=0.01)


def test_gaffkes_bounds_are_the_same_for_the_same_seed():
    assert binary_cluster_limits(9, 10) == binary_cluster_limits(9, 10)


def test_gaffkes_bounds_without_change_are_the_rule_of_three():
    """The beta quantile of one worst among 41: 1 - .025^(1/40), on both sides."""
    found = gaffke(np.zeros(40), np.full(40, 1 / 40), rng=np.random.default_rng(1))

    assert found == pytest.approx(rule_of_three(0.0, 40), abs=0.005)


def test_a_heavy_cluster_widens_gaffkes_bounds():
    rng = np.random.default_rng(1)
    weights = np.array([0.5] + [0.5 / 39] * 39)
    heavy = gaffke(np.zeros(40), weights, rng=rng)

    assert heavy[0] < 3 * rule_of_three(0.0, 40)[0]


def test_gaffkes_bounds_refuse_values_outside_minus_1_and_1():
    with pytest.raises(ValueError, match="between -1 and 1"):
        gaffke(np.array([0.6, 0.0]), np.array([0.5, 0.5]), rng=np.random.default_rng(1))
