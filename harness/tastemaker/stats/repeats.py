"""Scores of one scenario over its repeats, and the aggregates of published benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from tastemaker.stats.estimates import ArmEstimate, arm_mean
from tastemaker.stats.panel import Design, Floats

PASSED = 1 - 1e-9
"""A score of 1, to rounding: all that was asked of the reply is met."""


@dataclass(frozen=True, kw_only=True)
class InstructionAccuracy:
    """IFEval's two accuracies, in [0, 1]; computed once for strict and once for loose checking."""

    prompt: float
    """Share of prompts whose instructions were all followed."""
    instruction: float
    """Share of instructions that were followed."""


def worst_at_k(scores: Floats, k: int) -> float:
    """The expected lowest of k of the repeats: the mean of the minimum over all k-subsets.

    With sorted scores sum_i C(n-1-i, k-1) s_(i) / C(n, k) (HealthBench; STATS 11). NaN when fewer
    than k repeats are scored.

    Args:
        scores: (n,) of one scenario; NaN is not scored.
        k: From 1 up.
    """
    ascending = np.sort(scores[~np.isnan(scores)])
    n = len(ascending)
    _at_least_one(k)
    if n < k:
        return float("nan")
    subsets = np.array([comb(n - 1 - i, k - 1) for i in range(n)], dtype=np.float64)
    return float(subsets @ ascending / comb(n, k))


def pass_at_k(n: int, passed: int, k: int) -> float:
    """The chance that at least one of k repeats passes, from `passed` of n: unbiased."""
    _at_least_one(k)
    return 1 - comb(n - passed, k) / comb(n, k) if n >= k else float("nan")


def pass_hat_k(n: int, passed: int, k: int) -> float:
    """The chance that all of k repeats pass (pass^k), from `passed` of n: unbiased."""
    _at_least_one(k)
    return comb(passed, k) / comb(n, k) if n >= k else float("nan")


def all_pass(values: Floats, design: Design, k: int, *, alpha: float = 0.05) -> ArmEstimate:
    """The mean over scenarios of pass^k, with the interval of an arm's mean (STATS 1 and 2.4).

    A reply passes with a score of 1. pass^1 is the arm's mean of that, seeds and all; above it a
    scenario has one number, and its repeats are no data of their own. Scenarios with fewer than k
    scored repeats are left out.

    Args:
        values: (N, K) scores of one arm, NaN missing.
        design: Of the N scenarios.
        k: From 1 up.
        alpha: One minus the level of the interval.
    """
    if k == 1:
        each = np.where(np.isnan(values), np.nan, (values >= PASSED).astype(np.float64))
        return arm_mean(each, design, alpha=alpha)
    scored, passed = (~np.isnan(values)).sum(axis=1), (values >= PASSED).sum(axis=1)
    most = values.shape[1]
    table = np.array(
        [
            [pass_hat_k(n, c, k) if c <= n else np.nan for c in range(most + 1)]
            for n in range(most + 1)
        ]
    )
    return arm_mean(table[scored, passed][:, None], design, alpha=alpha)


def points_score(points: Sequence[float], met: Sequence[bool]) -> float:
    """HealthBench's score of one reply: points of the criteria met over all positive points.

    Negative points are penalties, so a score may be below 0; only a mean is clipped (STATS 1).

    Raises:
        ValueError: no criterion has positive points.
    """
    possible = sum(p for p in points if p > 0)
    if possible <= 0:
        raise ValueError("Points mode needs a criterion with positive points.")
    return sum(p for p, is_met in zip(points, met, strict=True) if is_met) / possible


def points_mean(scores: Floats) -> float:
    """HealthBench's overall score: the mean over the scored replies, clipped to [0, 1] last."""
    scores = scores[~np.isnan(scores)]
    return float(np.clip(scores.mean(), 0.0, 1.0)) if len(scores) else float("nan")


def instruction_accuracy(followed: Sequence[Sequence[bool]]) -> InstructionAccuracy:
    """IFEval's accuracies: for each prompt, whether each of its instructions was followed.

    Raises:
        ValueError: there is no prompt, or a prompt has no instruction.
    """
    if not followed or not all(followed):
        raise ValueError("Each prompt needs at least one instruction.")
    answers = [answer for prompt in followed for answer in prompt]
    return InstructionAccuracy(
        prompt=sum(all(prompt) for prompt in followed) / len(followed),
        instruction=sum(map(bool, answers)) / len(answers),
    )


def _at_least_one(k: int) -> None:
    if k < 1:
        raise ValueError("k must be at least 1.")
