import numpy as np
import pytest
from scipy import stats

from tastemaker.stats.resample import one_stratum
from tastemaker.stats.resources import quality_gained, ratio_at_most, resource_ratio

NAN = float("nan")


def column(*values):
    return np.array(values, dtype=float)[:, None]


def seconds(ratio, n=40, noise=0.1, seed=0):
    """Baseline and candidate times whose ratio scatters around the given one."""
    rng = np.random.default_rng(seed)
    baseline = rng.uniform(1, 9, size=(n, 1))
    return baseline, baseline * ratio * np.exp(rng.normal(0, noise, size=(n, 1)))


def test_the_ratio_is_a_geometric_mean():
    """Ratios 2 and 1/2 cancel, whatever the seconds."""
    found = resource_ratio(column(1, 100), column(2, 50), one_stratum(np.arange(2)))

    assert found.ratio.value == pytest.approx(1.0)
    assert (found.baseline, found.candidate) == (50.5, 26.0)


def test_the_interval_is_students_on_the_log_scale():
    baseline, candidate = seconds(1.2)

    found = resource_ratio(baseline, candidate, one_stratum(np.arange(40)))

    low, high = stats.ttest_1samp(np.log(candidate / baseline)[:, 0], 0).confidence_interval()
    assert (found.ratio.low, found.ratio.high) == pytest.approx((np.exp(low), np.exp(high)))


def test_seeds_are_averaged_before_the_ratio():
    """Baseline seconds 1 and 3 average 2; the candidate took 4."""
    found = resource_ratio(np.array([[1.0, 3.0]]), column(4), one_stratum(np.arange(1)))

    assert found.ratio.value == pytest.approx(2.0)
    assert found.ratio.low is None


def test_zeros_and_missing_measurements_are_counted_and_left_out():
    baseline = np.array([[1.0], [0.0], [2.0], [NAN], [3.0]])
    candidate = np.array([[2.0], [1.0], [0.0], [1.0], [6.0]])

    found = resource_ratio(baseline, candidate, one_stratum(np.arange(5)))

    assert found.ratio.value == pytest.approx(2.0)
    assert (found.scenarios, found.zeros, found.missing) == (2, 2, 1)
    assert found.baseline == pytest.approx(6 / 4)


def test_a_free_model_has_no_ratio():
    found = resource_ratio(np.zeros((6, 2)), np.zeros((6, 2)), one_stratum(np.arange(6)))

    assert found.ratio.value is None
    assert (found.baseline, found.zeros) == (0.0, 6)
    assert ratio_at_most(found, 1.25).reason == (
        "no scenario has a ratio: 0 not measured, 6 took nothing"
    )


def test_nothing_measured_is_unknown():
    found = resource_ratio(np.full((3, 1), NAN), np.ones((3, 1)), one_stratum(np.arange(3)))

    assert (found.ratio.value, found.baseline, found.missing) == (None, None, 3)
    assert ratio_at_most(found, 2.0).outcome == "inconclusive"


def test_a_negative_measurement_is_refused():
    with pytest.raises(ValueError, match="negative"):
        resource_ratio(column(1.0), column(-1.0), one_stratum(np.arange(1)))


@pytest.mark.parametrize(
    ("ratio", "noise", "outcome"),
    [
        (1.0, 0.1, "pass"),
        (1.6, 0.1, "fail"),
        (1.25, 0.3, "inconclusive"),  # the interval lies across the limit
    ],
)
def test_a_limit_is_decided_by_the_whole_interval(ratio, noise, outcome):
    found = resource_ratio(*seconds(ratio, noise=noise), one_stratum(np.arange(40)))

    assert ratio_at_most(found, 1.25).outcome == outcome


def test_with_many_scenarios_left_out_nothing_passes():
    baseline, candidate = seconds(1.0)
    baseline[:4] = NAN

    found = resource_ratio(baseline, candidate, one_stratum(np.arange(40)))

    check = ratio_at_most(found, 1.25)
    assert check.outcome == "inconclusive"
    assert "4 of 40 scenarios have no ratio" in check.reason


def test_a_ratio_established_above_the_limit_fails_even_so():
    baseline, candidate = seconds(2.0)
    baseline[:4] = 0.0

    found = resource_ratio(baseline, candidate, one_stratum(np.arange(40)))

    assert ratio_at_most(found, 1.25).outcome == "fail"


def test_one_cluster_decides_nothing():
    found = resource_ratio(*seconds(1.0), one_stratum(np.zeros(40, dtype=int)))

    assert ratio_at_most(found, 1.25).outcome == "inconclusive"


def test_quality_gained_for_each_extra_minute():
    """0.2 of score for half a minute more."""
    quality = np.full((10, 1), 0.5), np.array([[0.6], [0.8]] * 5)
    minutes = np.full((10, 1), 1.0), np.array([[1.4], [1.6]] * 5)

    found = quality_gained(quality, minutes, one_stratum(np.arange(10)))

    assert found.gained.value == pytest.approx(0.2)
    assert found.extra.value == pytest.approx(0.5)
    assert found.per_unit.value == pytest.approx(0.4)
    assert found.per_unit.low < 0.4 < found.per_unit.high


def test_a_candidate_that_is_not_slower_buys_nothing_with_time():
    rng = np.random.default_rng(0)
    quality = rng.random((30, 1)), rng.random((30, 1))
    minutes = rng.random((30, 1)), rng.random((30, 1))

    assert quality_gained(quality, minutes, one_stratum(np.arange(30))).per_unit.value is None


def test_quality_without_measured_time_is_unknown():
    scores = np.ones((4, 1))

    found = quality_gained((scores, scores), (scores, scores * NAN), one_stratum(np.arange(4)))

    assert found.gained.value is None
