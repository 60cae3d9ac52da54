import numpy as np
import pytest
from scipy import stats

from tastemaker.stats.estimates import linear
from tastemaker.stats.resample import one_stratum
from tastemaker.stats.series import (
    changepoint,
    first_regression,
    kendall,
    rank_intervals,
    shrink,
    trend,
)

NAN = float("nan")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_vector_ten_monotonicity():
    scores = np.array([0.61, 0.64, 0.63, 0.70, 0.72, 0.71, 0.75])

    assert kendall(np.arange(7.0), scores) == pytest.approx(0.8095238095, abs=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_kendalls_tau_is_that_of_scipy_also_with_ties(seed):
    rng = np.random.default_rng(seed)
    steps, scores = rng.integers(0, 6, size=(2, 20)).astype(float)

    assert kendall(steps, scores) == pytest.approx(stats.kendalltau(steps, scores).statistic)


def test_a_checkpoint_without_a_score_is_left_out():
    assert kendall(np.arange(4.0), np.array([0.1, NAN, 0.3, 0.2])) == pytest.approx(1 / 3)
    assert kendall(np.arange(3.0), np.array([0.5, 0.5, 0.5])) is None
    assert kendall(np.arange(2.0), np.array([0.5, NAN])) is None


def test_the_trend_is_the_mean_of_the_scenarios_slopes(rng):
    """Slopes 0.2 and 0.1 per step; the third scenario lacks the middle checkpoint: 0.3."""
    scores = np.array([[0.0, 0.5, 0.1], [0.2, 0.6, NAN], [0.4, 0.7, 0.7]])

    found = trend(np.array([0.0, 1.0, 2.0]), scores, one_stratum(np.arange(3)), rng)

    assert found.estimate.value == pytest.approx(0.2)
    half = 4.3026527 * 0.1 / np.sqrt(3)  # t with 2 df
    assert found.estimate.low == pytest.approx(0.2 - half)
    assert found.p_greater == pytest.approx(1 / 8)


def test_a_slope_is_per_unit_of_step_however_the_steps_lie(rng):
    steps = np.array([1000.0, 4000.0, 5000.0])
    scores = 0.2 + 0.0001 * steps[:, None] * np.ones((1, 4))

    found = trend(steps, scores, one_stratum(np.arange(4)), rng)

    assert found.estimate.value == pytest.approx(0.0001)


def test_one_checkpoint_has_no_trend(rng):
    found = trend(np.array([1.0]), np.ones((1, 5)), one_stratum(np.arange(5)), rng)

    assert found.estimate.value is None
    assert found.p_less is None


def test_the_first_checkpoint_that_lost_is_found(rng):
    """Honesty falls by 0.3 from checkpoint 2 on; warmth only wavers."""
    designs = {"honesty": one_stratum(np.arange(80)), "warmth": one_stratum(np.arange(80))}
    fall = np.array([0.0, 0.0, -0.3, -0.3])[:, None]
    differences = {
        "honesty": fall + rng.normal(0, 0.2, size=(4, 80)),
        "warmth": rng.normal(0, 0.2, size=(4, 80)),
    }

    found = first_regression(differences, designs, rng)

    assert (found.first, found.lost) == (2, ("honesty",))
    assert found.p_adjusted.shape == (4, 2)
    assert (found.p_adjusted[2:, 0] < 0.01).all()
    assert found.differences[2][0].value == pytest.approx(differences["honesty"][2].mean())


def test_principles_may_be_measured_on_different_scenarios(rng):
    """Honesty on clusters 0 to 39, warmth on 20 to 79, and not at checkpoint 0."""
    designs = {
        "honesty": one_stratum(np.arange(40)),
        "warmth": one_stratum(np.arange(20, 80)),
    }
    warmth = rng.normal(-0.4, 0.1, size=(2, 60))
    warmth[0] = NAN

    found = first_regression({"honesty": np.zeros((2, 40)), "warmth": warmth}, designs, rng)

    assert (found.first, found.lost) == (1, ("warmth",))
    assert np.isnan(found.p_adjusted[0, 1])
    assert found.differences[0][1] is None
    assert found.p_adjusted[:, 0].tolist() == [1.0, 1.0]


def test_nothing_lost_names_no_checkpoint(rng):
    found = first_regression(
        {"honesty": rng.normal(0.1, 0.2, size=(3, 30))},
        {"honesty": one_stratum(np.arange(30))},
        rng,
    )

    assert (found.first, found.lost) == (None, ())


def test_series_of_unequal_length_are_refused(rng):
    designs = dict.fromkeys(("a", "b"), one_stratum(np.arange(3)))

    with pytest.raises(ValueError, match="same number"):
        first_regression({"a": np.zeros((2, 3)), "b": np.zeros((3, 3))}, designs, rng)


def test_a_step_in_the_series_is_found(rng):
    level = np.array([0.7] * 4 + [0.5] * 3)[:, None]
    scores = level + rng.normal(0, 0.1, size=(7, 60))

    found = changepoint(scores, one_stratum(np.arange(60)), rng)

    assert found.at == 4
    assert found.p_value < 0.001
    assert found.shift.value == pytest.approx(-0.2, abs=0.03)


def test_the_shift_is_after_minus_before(rng):
    scores = np.array([[0.2, 0.3], [0.2, 0.3], [0.8, 0.7]])

    found = changepoint(scores, one_stratum(np.arange(2)), rng)

    assert found.at == 2
    assert found.shift.value == pytest.approx(0.5)


def test_a_constant_series_has_no_changepoint(rng):
    assert changepoint(np.full((5, 8), 0.4), one_stratum(np.arange(8)), rng) is None
    assert changepoint(np.ones((1, 8)), one_stratum(np.arange(8)), rng) is None
    assert changepoint(np.full((3, 8), NAN), one_stratum(np.arange(8)), rng) is None


@pytest.mark.slow
def test_a_series_without_a_change_is_called_changed_in_one_of_twenty():
    rng = np.random.default_rng(1)
    p = [
        changepoint(rng.normal(size=(6, 25)), one_stratum(np.arange(25)), rng, flips=999).p_value
        for _ in range(600)
    ]

    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07


def test_three_clearly_different_models_have_their_ranks(rng):
    scores = np.array([[0.9], [0.5], [0.7]]) + rng.normal(0, 0.05, size=(3, 60))

    assert rank_intervals(scores, one_stratum(np.arange(60)), rng) == ((1, 1), (3, 3), (2, 2))


def test_models_that_cannot_be_told_apart_share_their_ranks(rng):
    """Models 0 and 1 are alike, both better than model 2."""
    scores = np.array([[0.8], [0.8], [0.3]]) + rng.normal(0, 0.1, size=(3, 50))

    assert rank_intervals(scores, one_stratum(np.arange(50)), rng) == ((1, 2), (1, 2), (3, 3))


def test_with_few_clusters_ranks_rest_on_the_exact_test(rng):
    """4 clusters: the smallest two-sided p is 1/8, so nothing is established."""
    scores = np.array([[0.9] * 4, [0.1] * 4])

    assert rank_intervals(scores, one_stratum(np.arange(4)), rng) == ((1, 2), (1, 2))


def test_models_without_a_shared_scenario_are_not_ranked(rng):
    scores = np.array([[0.9, NAN], [NAN, 0.1]])

    assert rank_intervals(scores, one_stratum(np.arange(2)), rng) == ((1, 2), (1, 2))
    assert rank_intervals(scores[:1], one_stratum(np.arange(2)), rng) == ((1, 1),)


def test_thirty_models_are_ranked_although_there_are_435_pairs(rng):
    """Best and worst are far apart: no floor of random flips hides it."""
    levels = np.linspace(0.2, 0.8, 30)[:, None]
    scores = levels + rng.normal(0, 0.15, size=(30, 100))

    ranks = rank_intervals(scores, one_stratum(np.arange(100)), rng)

    assert ranks[29][1] < 10
    assert ranks[0][0] > 20


def test_displayed_values_shrink_towards_no_change():
    """Differences 0.3 and -0.1, SE 0.1: tau^2 = (0.09 + 0.01)/2 - 0.01 = 0.04; factor 0.8."""
    assert shrink([0.3, -0.1], [0.1, 0.1]) == pytest.approx([0.24, -0.08])


def test_differences_within_noise_shrink_to_nothing():
    assert shrink([0.01, -0.02, NAN], [0.1, 0.1, 0.1]) == pytest.approx([0, 0, NAN], nan_ok=True)
    assert np.isnan(shrink([NAN], [0.1])).all()


def test_a_trend_from_clustered_scenarios_counts_clusters(rng):
    scores = np.repeat(rng.random((3, 10)), 4, axis=1)
    design = one_stratum(np.repeat(np.arange(10), 4))

    found = trend(np.arange(3.0), scores, design, rng)

    slopes = (scores[2] - scores[0]) / 2
    half = 2.2621572 * linear(slopes[::4], one_stratum(np.arange(10))).se  # t with 9 df
    assert found.clusters == 10
    assert found.estimate.high - found.estimate.value == pytest.approx(half)
