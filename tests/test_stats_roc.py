import numpy as np
import pytest
from scipy import stats

from tastemaker.stats.resample import one_stratum
from tastemaker.stats.roc import area, auc, auc_change, curve, operating_point

NAN = float("nan")


def graded(seed=0, n=80, lift=1.0):
    """Scores on a coarse scale, higher for positives."""
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.4
    return np.round(rng.normal(size=n) + lift * positive, 1), positive


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_the_mann_whitney_statistic(seed):
    scores, positive = graded(seed)

    u = stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    assert float(area(scores, positive)) == pytest.approx(u / positive.sum() / (~positive).sum())


def test_the_area_lies_under_the_curve():
    scores, positive = graded(7)
    points = curve(scores, positive)

    assert np.trapezoid(points.hit_rate, points.false_rate) == pytest.approx(
        float(area(scores, positive))
    )
    assert (points.hit_rate[0], points.false_rate[0]) == (0, 0)
    assert (points.hit_rate[-1], points.false_rate[-1]) == (1, 1)


def test_weights_count_a_row_as_often_as_it_was_drawn():
    scores, positive = graded(1, n=20)
    counts = np.random.default_rng(2).integers(0, 3, size=20)

    repeated = area(np.repeat(scores, counts), np.repeat(positive, counts))
    assert float(area(scores, positive, counts.astype(float))) == pytest.approx(float(repeated))


def test_all_scores_alike_are_worth_half():
    assert float(area(np.ones(6), np.arange(6) < 3)) == 0.5


def test_the_interval_is_near_the_one_of_delong():
    scores, positive = graded(3, n=600)
    found = auc(scores, positive, one_stratum(np.arange(600)), np.random.default_rng(0))
    above = (scores[positive][:, None] > scores[~positive]) + 0.5 * (
        scores[positive][:, None] == scores[~positive]
    )
    se = np.sqrt(
        above.mean(axis=1).var(ddof=1) / len(above)
        + above.mean(axis=0).var(ddof=1) / above.shape[1]
    )

    assert found.low == pytest.approx(found.value - 1.96 * se, abs=0.01)
    assert found.high == pytest.approx(found.value + 1.96 * se, abs=0.01)


def test_a_better_judge_is_established():
    scores, positive = graded(4, n=300)
    noise = np.random.default_rng(5).normal(size=300)

    found = auc_change(
        noise, scores, positive, one_stratum(np.arange(300)), np.random.default_rng(0)
    )

    assert found.low > 0
    assert found.value == pytest.approx(float(area(scores, positive) - area(noise, positive)))


def test_the_operating_point_stands_on_the_curve():
    """At 0.5 or more: 2 of 3 positives, 1 of 2 negatives."""
    scores, positive = np.array([0.9, 0.5, 0.1, 0.6, 0.2, NAN]), np.array([1, 1, 1, 0, 0, 1]) == 1

    found = operating_point(
        scores, positive, 0.5, one_stratum(np.arange(6)), np.random.default_rng(0)
    )

    assert found.hit_rate.value == pytest.approx(2 / 3)
    assert found.false_rate.value == pytest.approx(1 / 2)


@pytest.mark.parametrize("positive", [np.zeros(4, dtype=bool), np.ones(4, dtype=bool)])
def test_one_kind_alone_has_no_area(positive):
    found = auc(np.arange(4.0), positive, one_stratum(np.arange(4)), np.random.default_rng(0))

    assert found.value is None


def test_no_scores_have_no_area():
    found = auc(
        np.full(3, NAN),
        np.array([True, False, True]),
        one_stratum(np.arange(3)),
        np.random.default_rng(0),
    )

    assert (found.value, found.low) == (None, None)
