import numpy as np
import pytest
from scipy.stats import f_oneway

from tastemaker.stats.components import (
    advice,
    delta,
    one_arm,
    training_runs,
    within_mean_square,
)

NAN = float("nan")
ROWS = ["11110", "10111", "00100", "11111", "11010", "00010"]
SCORES = np.array([[float(score) for score in row] for row in ROWS])


def test_six_scenarios_by_five_seeds():
    """STATS V2."""
    found = one_arm(SCORES)

    assert found.mean == pytest.approx(0.6, abs=1e-12)
    assert found.between_ms == pytest.approx(0.56, abs=1e-12)
    assert found.within_ms == pytest.approx(0.1833333333, abs=1e-9)
    assert found.between_variance == pytest.approx(0.0753333333, abs=1e-9)
    assert found.icc_single == pytest.approx(0.2912371134, abs=1e-9)
    assert found.icc_mean == pytest.approx(0.6726190476, abs=1e-9)
    assert found.se == pytest.approx(0.1366260102, abs=1e-9)
    assert found.rerun_sd == pytest.approx(0.0781735960, abs=1e-9)
    assert found.rerun_sd_single == pytest.approx(0.1748014747, abs=1e-9)
    assert found.seed_sd == pytest.approx(0.1900292375, abs=1e-9)
    assert (found.scenarios, found.seeds) == (6, 5)
    assert np.isnan(found.judge_share)


def test_the_mean_squares_are_those_of_an_analysis_of_variance_also_with_scores_missing():
    scores = SCORES.copy()
    scores[0, 4] = scores[1, :2] = NAN
    oracle = f_oneway(*(row[~np.isnan(row)] for row in scores))

    found = one_arm(scores)

    assert one_arm(SCORES).between_ms / one_arm(SCORES).within_ms == pytest.approx(
        3.054545, abs=1e-6
    )
    assert found.between_ms / found.within_ms == pytest.approx(oracle.statistic)


def test_unequal_seeds_estimate_the_variances_that_made_the_scores():
    """sigma_b = .3, sigma_w = .4; half the scenarios have two seeds and half have six."""
    rng = np.random.default_rng(5)
    scores = rng.normal(0, 0.3, size=(4000, 1)) + rng.normal(0, 0.4, size=(4000, 6))
    scores[:2000, 2:] = NAN

    found = one_arm(scores)

    assert found.between_variance == pytest.approx(0.09, rel=0.1)
    assert found.within_ms == pytest.approx(0.16, rel=0.1)


def test_a_seed_that_missed_the_hard_scenario_does_not_look_better():
    """Scenario means 1 and 0, no noise: without its missing score seed 2 would average 1."""
    assert one_arm(np.array([[1.0, 1.0, 1.0], [0.0, NAN, 0.0]])).seed_sd == 0


def test_the_judges_part_is_a_share_of_the_noise_within_scenarios():
    assert one_arm(SCORES, judge_variance=0.055).judge_share == pytest.approx(0.3)
    assert one_arm(SCORES, judge_variance=1.0).judge_share == 1


def test_equal_scores_have_no_variance_and_no_reliability():
    found = one_arm(np.ones((4, 3)))

    assert (found.between_ms, found.within_ms, found.rerun_sd, found.seed_sd) == (0, 0, 0, 0)
    assert np.isnan([found.icc_single, found.icc_mean]).all()


@pytest.mark.parametrize("scores", [np.full((3, 2), NAN), np.empty((0, 2))])
def test_an_unscored_arm_has_no_components(scores):
    found = one_arm(scores)

    assert np.isnan([found.mean, found.se, found.within_ms, found.seed_sd]).all()
    assert found.scenarios == 0


def test_without_repeats_the_variance_within_is_unknown():
    assert np.isnan(within_mean_square(np.array([[1.0], [0.0]])))
    assert np.isnan(delta(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]])).seed_share)


def test_delta_components_recover_true_differences_under_seed_noise():
    """With omega = .2, sigma_A = .3 with 5 seeds, sigma_B = .4 with 2: s^2_d = .04 + .018 + .08."""
    rng = np.random.default_rng(6)
    baseline = rng.normal(0, 0.3, size=(5000, 5))
    candidate = rng.normal(0, 0.2, size=(5000, 1)) + rng.normal(0, 0.4, size=(5000, 2))

    found = delta(baseline, candidate)

    assert found.difference_variance == pytest.approx(0.138, rel=0.05)
    assert found.true_variance == pytest.approx(0.04, abs=0.01)  # SE .0032
    assert found.seed_share == pytest.approx(0.098 / 0.138, rel=0.1)
    assert found.seed_noise == pytest.approx(0.25, rel=0.05)


def test_delta_components_use_the_scenarios_that_both_arms_have():
    baseline = np.array([[1.0, 0.0], [NAN, NAN], [1.0, 1.0]])
    candidate = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])

    assert delta(baseline, candidate).scenarios == 2


@pytest.mark.parametrize(
    ("seed_share", "words"),
    [
        (0.8, "cuts the variance by 40%"),
        (1.0, "cuts the variance by 50%"),
        (0.5, "Mixed"),
        (0.2, "Mixed"),
        (0.19, "Only more scenarios"),
        (NAN, "cannot be told apart"),
    ],
)
def test_advice_follows_the_seed_share(seed_share, words):
    assert words in advice(seed_share)


def test_training_runs_are_the_crossed_factor_of_a_two_way_analysis():
    """STATS V10, scenarios x 3 runs: MS_run .0158333333, MS_res .0047222222, n = 4."""
    scores = np.array([[0.9, 0.8, 0.7], [1, 0.9, 0.9], [0.6, 0.6, 0.4], [0.8, 0.7, 0.8]])
    found = training_runs(scores, np.full(4, 0.25))

    assert found.run_variance == pytest.approx(0.0027777778, abs=1e-9)
    assert found.mean_variance == pytest.approx(0.0027777778 / 3, abs=1e-9)


def test_training_runs_leave_out_scenarios_that_a_run_has_no_score_for():
    scores = np.array([[0.9, 0.8, NAN], [0.5, NAN, NAN], [0.6, 0.6, NAN], [0.8, 0.7, NAN]])
    complete = scores[[0, 2, 3], :2]

    assert training_runs(scores, np.full(4, 0.25)) == training_runs(complete, np.full(3, 1 / 3))


def test_one_training_run_says_nothing_about_the_next():
    assert np.isnan(training_runs(SCORES[:, :1], np.full(6, 1 / 6)).mean_variance)
