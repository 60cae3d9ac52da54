from itertools import combinations

import numpy as np
import pytest

from tastemaker.stats.estimates import arm_mean
from tastemaker.stats.repeats import (
    all_pass,
    instruction_accuracy,
    pass_at_k,
    pass_hat_k,
    points_mean,
    points_score,
    worst_at_k,
)
from tastemaker.stats.resample import one_stratum

FIVE = np.array([0.9, 0.5, 0.7, 0.2, 1.0])


@pytest.mark.parametrize(("k", "worst"), [(1, 0.66), (2, 0.46), (3, 0.34), (4, 0.26), (5, 0.20)])
def test_the_worst_of_k_is_the_mean_minimum_over_all_subsets(k, worst):
    """STATS V9."""
    assert worst_at_k(FIVE, k) == pytest.approx(worst)
    assert worst_at_k(FIVE, k) == pytest.approx(np.mean([min(s) for s in combinations(FIVE, k)]))


def test_the_worst_of_k_skips_what_is_not_scored_and_needs_k_scores():
    assert worst_at_k(np.array([0.4, float("nan"), 0.8]), 2) == pytest.approx(0.4)
    assert np.isnan(worst_at_k(np.array([0.4, float("nan")]), 2))


def test_five_repeats_with_three_passes():
    """STATS V9."""
    assert [pass_at_k(5, 3, k) for k in (1, 2, 3)] == pytest.approx([0.6, 0.9, 1.0])
    assert [pass_hat_k(5, 3, k) for k in (1, 2, 3)] == pytest.approx([0.6, 0.3, 0.1])


NAN = float("nan")


@pytest.mark.parametrize(("k", "mean", "scenarios"), [(1, 8 / 9, 3), (2, 7 / 9, 3), (3, 1 / 2, 2)])
def test_an_arms_pass_hat_k_is_the_mean_over_scenarios_that_have_k_repeats(k, mean, scenarios):
    """Two of three pass: 2/3, 1/3, 0. All of three: 1. Both of two: 1, and nothing for k = 3."""
    values = np.array([[1.0, 1.0, 0.99], [1.0, 1.0, 1.0], [1.0, NAN, 1.0]])

    found = all_pass(values, one_stratum(np.arange(3)), k)

    assert found.mean == pytest.approx(mean)
    assert (found.scenarios, found.clusters) == (scenarios, scenarios)


def test_five_repeats_with_three_passes_in_every_scenario():
    """STATS V9 again, over scenarios that are all alike: nothing varies, and the mean is theirs."""
    values = np.tile([1.0, 1.0, 1.0, 0.0, 0.5], (4, 1))

    found = [all_pass(values, one_stratum(np.arange(4)), k).mean for k in (1, 2, 3, 4)]

    assert found == pytest.approx([0.6, 0.3, 0.1, 0.0])


@pytest.mark.parametrize("k", [1, 5])
def test_forty_scenarios_that_never_fail_have_the_interval_of_forty_and_not_of_200(k):
    """STATS V4: Wilson with Student's quantile at 40 clusters, .9072 to 1."""
    found = all_pass(np.ones((40, 5)), one_stratum(np.arange(40)), k)

    assert (found.low, found.high) == pytest.approx((0.9072088927, 1.0))


def test_pass_hat_one_of_right_or_wrong_is_the_arms_mean_with_its_interval():
    """The same number in one report has the same interval, wherever it stands."""
    values = np.random.default_rng(1).binomial(1, 0.75, (40, 3)).astype(float)
    values[3, 1] = NAN
    design = one_stratum(np.arange(40))

    one, mean = all_pass(values, design, 1, alpha=0.2), arm_mean(values, design, alpha=0.2)

    assert (one.mean, one.low, one.high) == (mean.mean, mean.low, mean.high)


def test_without_a_scenario_that_has_k_repeats_nothing_is_known():
    found = all_pass(np.array([[1.0, NAN]]), one_stratum(np.arange(1)), 2)

    assert np.isnan(found.mean)
    assert found.scenarios == 0


@pytest.mark.parametrize("measure", [pass_at_k, pass_hat_k])
def test_more_tries_than_repeats_cannot_be_estimated(measure):
    assert np.isnan(measure(2, 1, 3))


@pytest.mark.parametrize(
    "call", [lambda: pass_at_k(2, 1, 0), lambda: pass_hat_k(2, 1, 0), lambda: worst_at_k(FIVE, 0)]
)
def test_k_starts_at_one(call):
    with pytest.raises(ValueError, match="at least 1"):
        call()


def test_points_are_those_met_over_those_that_can_be_won():
    """STATS V9: (7 + 10 - 6) / (7 + 5 + 10)."""
    assert points_score([7, 5, 10, -6], [True, False, True, True]) == 0.5
    assert points_score([2, -8], [False, True]) == -4


def test_points_need_something_to_win():
    with pytest.raises(ValueError, match="positive"):
        points_score([-1, -2], [True, False])


def test_only_the_mean_of_points_is_clipped():
    """STATS V9: clipping -.2 first would give .5."""
    assert points_mean(np.array([0.5, -0.2, 1.0])) == pytest.approx(0.4333333333, abs=1e-9)
    assert points_mean(np.array([-0.5, -0.2])) == 0
    assert np.isnan(points_mean(np.array([float("nan")])))


@pytest.mark.parametrize(
    ("followed", "prompt", "instruction"),
    [
        ([[1, 1], [1, 0, 1], [0], [1]], 0.5, 5 / 7),
        ([[1, 1], [1, 1, 1], [0], [1]], 0.75, 6 / 7),
    ],
)
def test_instruction_following_counts_prompts_and_instructions(followed, prompt, instruction):
    """STATS V9: strict and loose."""
    found = instruction_accuracy(followed)

    assert (found.prompt, found.instruction) == pytest.approx((prompt, instruction))


@pytest.mark.parametrize("followed", [[], [[True], []]])
def test_a_prompt_without_instructions_has_no_accuracy(followed):
    with pytest.raises(ValueError, match="instruction"):
        instruction_accuracy(followed)
