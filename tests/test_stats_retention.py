import numpy as np
import pytest

from tastemaker.stats.resample import one_stratum
from tastemaker.stats.retention import retention

NAN = float("nan")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def merge(rng, kept, n=400, gain=0.3):
    """Scores of three arms, 5 seeds: the feature adds the gain, the merged arm a part of it."""
    level = np.clip(rng.normal(0.5, 0.1, size=(n, 1)), 0, 0.69)

    def scores(added):
        return (rng.random((n, 5)) < level + added).astype(float)

    return scores(0.0), scores(gain), scores(kept * gain)


def test_the_share_is_kept_over_gained(rng):
    """Means 0.2, 0.6, 0.4: kept 0.2 of a gain of 0.4."""
    base = np.array([[0.1], [0.3], [0.2], [0.2]] * 8)
    feature = np.array([[0.6], [0.6], [0.7], [0.5]] * 8)
    merged = np.array([[0.4], [0.5], [0.4], [0.3]] * 8)

    found = retention(base, feature, merged, one_stratum(np.arange(32)), rng)

    assert found.gain.estimate.value == pytest.approx(0.4)
    assert found.kept.estimate.value == pytest.approx(0.2)
    assert found.against_feature.estimate.value == pytest.approx(-0.2)
    assert found.share.value == pytest.approx(0.5)
    assert found.share.low < 0.5 < found.share.high


def test_a_merge_that_kept_two_thirds(rng):
    found = retention(*merge(rng, kept=2 / 3), one_stratum(np.arange(400)), rng)

    assert found.share.low < 2 / 3 < found.share.high
    assert found.share.high < 1.0
    assert found.against_feature.p_less < 0.01


def test_keeping_everything_is_a_share_of_one(rng):
    base, feature, _ = merge(rng, kept=1.0)

    found = retention(base, feature, feature, one_stratum(np.arange(400)), rng)

    assert found.share.value == 1.0
    assert found.against_feature.p_less == 1.0


def test_a_gain_that_is_not_established_has_no_share(rng):
    base, feature, merged = merge(rng, kept=0.5, n=40, gain=0.01)

    found = retention(base, feature, merged, one_stratum(np.arange(40)), rng)

    assert (found.share.value, found.share.low, found.share.high) == (None, None, None)
    assert found.gain.estimate.low <= 0


def test_only_scenarios_of_all_three_arms_count(rng):
    base = np.array([[0.0], [NAN], [0.0], [0.0]])
    feature = np.array([[1.0], [1.0], [NAN], [1.0]])
    merged = np.array([[1.0], [1.0], [1.0], [0.0]])

    found = retention(base, feature, merged, one_stratum(np.arange(4)), rng)

    assert found.gain.scenarios == 2
    assert found.kept.estimate.value == 0.5


def test_arms_that_share_no_scenario_are_unknown(rng):
    first, second = np.array([[1.0], [NAN]]), np.array([[NAN], [1.0]])

    found = retention(first, second, first, one_stratum(np.arange(2)), rng)

    assert found.share.value is None
    assert found.gain.p_greater is None


@pytest.mark.slow
def test_the_interval_covers_the_share_that_was_kept():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        share = retention(*merge(rng, kept=0.5, n=120), one_stratum(np.arange(120)), rng).share
        covered += share.low < 0.5 < share.high

    assert 0.92 <= covered / 400 <= 0.98
