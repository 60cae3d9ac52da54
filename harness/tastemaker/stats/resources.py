"""Seconds, tokens and money: how much more the candidate takes, and what that buys."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.ratios import ratio_of_means
from tastemaker.stats.reported import UNKNOWN, Estimate, student

MAX_LEFT_OUT = 0.05
"""STATS section 1's limit for missing scores: with more left out, nothing passes."""


@dataclass(frozen=True, kw_only=True)
class ResourceRatio:
    """What the candidate takes, as a multiple of what the baseline takes on the same scenario."""

    ratio: Estimate
    """Geometric mean over scenarios of candidate / baseline; 1 is the same."""
    baseline: float | None
    candidate: float | None
    """Mean per reply, in the unit of the data, over the scenarios that both have."""
    scenarios: int
    clusters: int
    zeros: int
    """Scenarios left out because an arm took nothing there: no ratio exists."""
    missing: int
    """Scenarios left out because an arm has no measurement."""


@dataclass(frozen=True, kw_only=True)
class ResourceCheck:
    """The answer to one limit on a resource."""

    outcome: Literal["pass", "fail", "inconclusive"]
    reason: str


def resource_ratio(
    baseline: Floats, candidate: Floats, design: Design, *, alpha: float = 0.05
) -> ResourceRatio:
    """Paired ratio on the log scale with Student's interval across clusters (STATS section 1).

    Args:
        baseline: (N, K) seconds, tokens or cost, not negative, NaN missing; seeds averaged first.
        candidate: (N, K'), the same unit.
        design: Of the scenarios.
        alpha: One minus the level of the two-sided interval.

    Raises:
        ValueError: a measurement is negative or infinite.
    """
    if (baseline < 0).any() or (candidate < 0).any():
        raise ValueError("A resource measurement is negative.")
    means = scenario_means(baseline), scenario_means(candidate)
    present = ~np.isnan(means[0]) & ~np.isnan(means[1])
    positive = present & (means[0] > 0) & (means[1] > 0)
    arms = [_mean(y[present], design.keep(present)) for y in means]
    ratio, clusters = UNKNOWN, 0
    if positive.any():
        logs = np.log(means[1][positive] / means[0][positive])
        found = linear(logs, design.keep(positive))
        ratio, clusters = _exponential(student(found, alpha)), found.clusters
    return ResourceRatio(
        ratio=ratio,
        baseline=arms[0],
        candidate=arms[1],
        scenarios=int(positive.sum()),
        clusters=clusters,
        zeros=int((present & ~positive).sum()),
        missing=int((~present).sum()),
    )


def _mean(y: Floats, design: Design) -> float | None:
    return linear(y, design).mean if len(y) else None


def _exponential(logs: Estimate) -> Estimate:
    value, low, high = (
        None if number is None else float(np.exp(number))
        for number in (logs.value, logs.low, logs.high)
    )
    return Estimate(value=value, low=low, high=high)


def ratio_at_most(found: ResourceRatio, limit: float) -> ResourceCheck:
    """Pass when the whole interval is at or below the limit, fail when all of it is above.

    Anything between, no interval, or more than 5 % of the scenarios left out is inconclusive; a
    ratio established above the limit fails even so.
    """
    low, high = found.ratio.low, found.ratio.high
    if low is None or high is None:
        return ResourceCheck(outcome="inconclusive", reason=_no_interval(found))
    said = f"ratio {low:.3g} to {high:.3g}, at most {limit:.3g}"
    if low > limit:
        return ResourceCheck(outcome="fail", reason=said)
    left_out = found.zeros + found.missing
    total = found.scenarios + left_out
    if left_out > MAX_LEFT_OUT * total:
        reason = f"{said}; {left_out} of {total} scenarios have no ratio"
        return ResourceCheck(outcome="inconclusive", reason=reason)
    return ResourceCheck(outcome="pass" if high <= limit else "inconclusive", reason=said)


def _no_interval(found: ResourceRatio) -> str:
    if not found.scenarios:
        return f"no scenario has a ratio: {found.missing} not measured, {found.zeros} took nothing"
    return f"{found.clusters} clusters whose ratios do not vary say nothing about the error"


@dataclass(frozen=True, kw_only=True)
class QualityGained:
    """What the extra time or money of the candidate buys."""

    gained: Estimate
    """Score, candidate minus baseline."""
    extra: Estimate
    """Per reply, candidate minus baseline, in the unit of the data."""
    per_unit: Estimate
    """Gained / extra: score per minute or per dollar, with Fieller's interval. All None when it is
    not established that the candidate takes more."""


def quality_gained(
    quality: tuple[Floats, Floats], spent: tuple[Floats, Floats], design: Design
) -> QualityGained:
    """Score gained for each extra minute or dollar a reply takes.

    Args:
        quality: (baseline, candidate), (N, K) scores each, NaN missing.
        spent: (baseline, candidate), (N, K) minutes or dollars each, NaN missing.
        design: Of the scenarios; those that lack one of the four are left out.
    """
    scores = scenario_means(quality[1]) - scenario_means(quality[0])
    extra = scenario_means(spent[1]) - scenario_means(spent[0])
    complete = ~np.isnan(scores + extra)
    if not complete.any():
        return QualityGained(gained=UNKNOWN, extra=UNKNOWN, per_unit=UNKNOWN)
    scores, extra, design = scores[complete], extra[complete], design.keep(complete)
    return QualityGained(
        gained=student(linear(scores, design)),
        extra=student(linear(extra, design)),
        per_unit=ratio_of_means(scores, extra, design),
    )
