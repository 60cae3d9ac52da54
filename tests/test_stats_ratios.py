import numpy as np
import pytest

from tastemaker.stats.estimates import linear
from tastemaker.stats.ratios import ratio_of_means
from tastemaker.stats.resample import one_stratum

NAN = float("nan")
UNKNOWN = (None, None, None)


def limits(found):
    return found.value, found.low, found.high


def test_the_limits_are_the_ratios_that_a_t_test_just_accepts():
    """At each limit |mean(top - r bottom)| equals t times its standard error."""
    rng = np.random.default_rng(0)
    bottom = rng.normal(1.0, 0.6, size=24)
    top = 0.5 * bottom + rng.normal(0.2, 0.5, size=24)
    design = one_stratum(np.arange(24))

    found = ratio_of_means(top, bottom, design)

    assert found.value == pytest.approx(top.mean() / bottom.mean())
    for limit in (found.low, found.high):
        left = linear(top - limit * bottom, design)
        assert abs(left.mean) == pytest.approx(2.0686576 * left.se)  # t with 23 df


def test_it_is_the_same_in_clusters():
    rng = np.random.default_rng(1)
    bottom, top = rng.normal(1.0, 0.3, size=(2, 30))
    design = one_stratum(np.arange(30) // 2)

    found = ratio_of_means(top, bottom, design)

    left = linear(top - found.low * bottom, design)
    assert abs(left.mean) == pytest.approx(2.1447867 * left.se)  # t with 14 df


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_only_scale_the_ratio(scale):
    rng = np.random.default_rng(2)
    top, bottom = rng.normal(1.0, 0.3, size=(2, 30))
    design = one_stratum(np.arange(30))

    plain, scaled = (ratio_of_means(top, b, design) for b in (bottom, bottom * scale))

    assert limits(scaled) == pytest.approx(tuple(x / scale for x in limits(plain)), rel=1e-6)


def test_a_bottom_that_may_be_nothing_gives_no_ratio():
    rng = np.random.default_rng(3)
    top, bottom = rng.normal(0.0, 1.0, size=(2, 20))

    assert limits(ratio_of_means(top, bottom, one_stratum(np.arange(20)))) == UNKNOWN
    assert limits(ratio_of_means(top, -np.ones(20), one_stratum(np.arange(20)))) == UNKNOWN


@pytest.mark.parametrize("clusters", [np.zeros(6, dtype=int), np.arange(6)])
def test_without_a_shared_scenario_or_a_second_cluster_there_is_no_ratio(clusters):
    bottom = np.array([1.0, 1.1, 0.9, NAN, NAN, NAN])
    top = np.array([NAN, NAN, NAN, 1.0, 1.0, 1.0]) if clusters.any() else bottom

    assert limits(ratio_of_means(top, bottom, one_stratum(clusters))) == UNKNOWN


def test_numbers_that_do_not_vary_have_a_ratio_without_an_interval():
    found = ratio_of_means(np.full(5, 1.0), np.full(5, 2.0), one_stratum(np.arange(5)))

    assert limits(found) == (0.5, None, None)
