from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tastemaker.stats.estimates import linear
from tastemaker.stats.resample import one_stratum
from tastemaker.stats.tension import label, tension

NAN = float("nan")
UNCLEAR = ("INCONCLUSIVE", "INCONCLUSIVE")


def opposed(first, second, design=None, verdicts=UNCLEAR):
    first, second = np.array(first, dtype=float), np.array(second, dtype=float)
    names = [f"s{i}" for i in range(len(first))]
    design = one_stratum(np.arange(len(first))) if design is None else design
    designs = design if isinstance(design, tuple) else (design, design)
    return tension(first, second, designs, scenarios=names, verdicts=verdicts)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("IMPROVED", "NON_INFERIOR", "Pareto improvement"),
        ("IMPROVED", "IMPROVED", "Pareto improvement"),
        ("REGRESSED", "NON_INFERIOR", "Pareto regression"),
        ("REGRESSED", "REGRESSED", "Pareto regression"),
        ("REGRESSED", "UNDERPOWERED", "Pareto regression"),
        ("IMPROVED", "REGRESSED", "trade-off"),
        ("NON_INFERIOR", "NON_INFERIOR", "neutral"),
        ("IMPROVED", "INCONCLUSIVE", "unresolved"),
        ("NON_INFERIOR", "UNDERPOWERED", "unresolved"),
        ("NOT_EVALUABLE", "INCONCLUSIVE", "unresolved"),
    ],
)
def test_one_label_for_two_verdicts(first, second, expected):
    assert label(first, second) == expected
    assert label(second, first) == expected


def test_the_covariance_is_that_of_two_means():
    rng = np.random.default_rng(0)
    first = rng.normal(size=50)
    second = rng.normal(size=50) - 0.5 * first

    found = opposed(first, second)

    assert found.covariance == pytest.approx(np.cov(first, second) / 50)
    assert found.correlation == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert (found.first, found.second) == pytest.approx((first.mean(), second.mean()))


def test_its_diagonal_is_the_clustered_variance():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 60))
    design = one_stratum(rng.integers(0, 15, size=60))

    found = opposed(first, second, design)

    assert found.covariance[0, 0] == pytest.approx(linear(first, design).se ** 2)
    assert found.covariance[1, 1] == pytest.approx(linear(second, design).se ** 2)


def test_the_ellipse_of_independent_values_lies_along_the_axes():
    """Variances 4/3 and 1/3 of the means; Hotelling's radius for G = 4: 2 * 3/2 * F(2, 2)."""
    first, second = [2, 2, -2, -2], [1, -1, 1, -1]

    found = opposed(first, second)

    radius = np.sqrt(3 * stats.f.ppf(0.95, 2, 2))
    longer, shorter = np.sqrt(16 / 3 / 4) * radius, np.sqrt(4 / 3 / 4) * radius
    assert found.ellipse.half_axes == pytest.approx((longer, shorter))
    assert np.sin(found.ellipse.angle) == pytest.approx(0.0, abs=1e-12)


def test_values_that_pull_against_each_other_tilt_the_ellipse():
    first = np.array([1.0, -1.0, 0.5, -0.5])

    found = opposed(first, -first)

    assert found.ellipse.angle == pytest.approx(3 * np.pi / 4)
    assert found.ellipse.half_axes[1] == pytest.approx(0.0, abs=1e-7)
    assert found.correlation == pytest.approx(-1.0)


def test_scenarios_that_gained_one_value_and_lost_the_other_are_named():
    found = opposed([0.5, 0.5, -0.5, 0.0], [-0.5, 0.5, -0.5, -1.0])

    assert found.opposed == ("s0",)
    assert found.unit == "scenario"


def test_twins_are_compared_by_cluster():
    """Benign twins s0 to s2 measure the first value, harmful twins s3 to s5 the second."""
    first = [0.5, 0.4, -0.2, NAN, NAN, NAN]
    second = [NAN, NAN, NAN, -0.3, 0.1, -0.1]

    found = opposed(first, second, one_stratum(np.tile([10, 20, 30], 2)))

    assert found.unit == "cluster"
    assert found.opposed == ("s0",)
    assert found.correlation == pytest.approx(np.corrcoef(first[:3], second[3:])[0, 1])
    assert found.covariance == pytest.approx(np.cov(first[:3], second[3:]) / 3)


def test_each_value_is_weighed_as_it_is_alone():
    """The first counts all four alike, the second the last scenario three times."""
    first, second = [0.3, -0.1, 0.2, 0.0], [0.1, 0.4, -0.2, 0.6]
    alike = one_stratum(np.arange(4))
    weighed = replace(alike, weights=np.array([1.0, 1, 1, 3]))

    found = opposed(first, second, (alike, weighed))

    assert (found.first, found.second) == pytest.approx((0.1, 2.1 / 6))
    assert found.covariance[1, 1] == pytest.approx(linear(np.array(second), weighed).se ** 2)


def test_one_cluster_has_no_covariance():
    found = opposed([0.1, 0.2], [0.3, 0.1], one_stratum(np.zeros(2, dtype=int)))

    assert found.covariance is None
    assert found.ellipse is None


def test_a_value_that_never_changes_correlates_with_nothing():
    found = opposed([0.0, 0.0, 0.0], [0.1, -0.1, 0.3])

    assert found.correlation is None
    assert found.covariance[0, 0] == 0.0


def test_a_value_measured_nowhere_is_refused():
    with pytest.raises(ValueError, match="No scenario"):
        opposed([NAN, NAN], [0.1, 0.2])


def test_stratum_weights_enter_both_values():
    design = replace(
        one_stratum(np.arange(4)),
        strata=np.array([0, 0, 1, 1]),
        stratum_weights=np.array([3.0, 1.0]),
    )

    found = opposed([1, 1, 0, 0], [0, 0, 1, 1], design)

    assert (found.first, found.second) == (0.75, 0.25)


@pytest.mark.slow
def test_the_ellipse_covers_both_differences_at_once():
    """20 scenarios, correlation -0.6: the true point lies inside in 93 to 97 of 100 runs."""
    rng = np.random.default_rng(3)
    inside, runs = 0, 2000
    for _ in range(runs):
        first, second = rng.multivariate_normal([0.1, -0.2], [[1, -0.6], [-0.6, 1]], size=20).T
        ellipse = opposed(first, second).ellipse
        x, y = 0.1 - ellipse.centre[0], -0.2 - ellipse.centre[1]
        along = x * np.cos(ellipse.angle) + y * np.sin(ellipse.angle)
        across = y * np.cos(ellipse.angle) - x * np.sin(ellipse.angle)
        inside += (along / ellipse.half_axes[0]) ** 2 + (across / ellipse.half_axes[1]) ** 2 <= 1

    assert 0.93 <= inside / runs <= 0.97
