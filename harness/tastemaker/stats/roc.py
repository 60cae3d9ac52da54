"""Ranking by a graded judge: the ROC curve and the area under it (STATS section 8)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import Estimate, divide
from tastemaker.stats.resample import Resamples, resample

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The ROC curve: what each threshold "score at least" would call positive."""

    thresholds: Floats
    """(T,), infinite first (nothing is positive), then the distinct scores, falling."""
    hit_rate: Floats
    """(T,), share of the positives at or above."""
    false_rate: Floats
    """(T,), share of the negatives at or above."""


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """Where one threshold stands on the curve."""

    threshold: float
    hit_rate: Estimate
    false_rate: Estimate


def curve(scores: Floats, positive: Bools) -> Curve:
    """The ROC curve of (N,) scores; NaN scores are left out, empty classes give NaN rates."""
    scores, positive = scores[~np.isnan(scores)], positive[~np.isnan(scores)]
    values, codes = np.unique(-scores, return_inverse=True)
    hits = np.bincount(codes, positive, minlength=len(values)).cumsum()
    alarms = np.bincount(codes, ~positive, minlength=len(values)).cumsum()
    return Curve(
        thresholds=np.concatenate([[np.inf], -values]),
        hit_rate=divide(np.concatenate([[0.0], hits]), np.asarray(positive.sum())),
        false_rate=divide(np.concatenate([[0.0], alarms]), np.asarray((~positive).sum())),
    )


def area(scores: Floats, positive: Bools, weights: Floats | None = None) -> Floats:
    """AUC: how often a positive scores above a negative, a tie counting half (STATS section 8).

    Args:
        scores: (N,), no NaN.
        positive: (N,).
        weights: (..., N), how often each row counts; once by default.

    Returns:
        (...), NaN without a positive or without a negative.
    """
    if weights is None:
        weights = np.ones(len(scores))
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    if not len(starts):
        return np.full(weights.shape[:-1], np.nan)
    sorted_weights = weights[..., order]
    hits = np.add.reduceat(sorted_weights * positive[order], starts, axis=-1)
    others = np.add.reduceat(sorted_weights * ~positive[order], starts, axis=-1)
    below = np.cumsum(others, axis=-1) - others / 2
    return divide((hits * below).sum(axis=-1), hits.sum(axis=-1) * others.sum(axis=-1))


def auc(scores: Floats, positive: Bools, design: Design, rng: np.random.Generator) -> Estimate:
    """The AUC of (N,) scores with its cluster-bootstrap interval (STATS section 8)."""
    known = ~np.isnan(scores)
    scores, positive, design = scores[known], positive[known], design.keep(known)
    draws = resample(design.clusters, rng, strata=design.strata)
    return draws.estimate(float(area(scores, positive)), _resampled_area(scores, positive, draws))


def auc_change(
    baseline: Floats,
    candidate: Floats,
    positive: Bools,
    design: Design,
    rng: np.random.Generator,
) -> Estimate:
    """AUC of the candidate minus the baseline's, by a paired bootstrap (STATS section 8).

    Scenarios without a score in one arm are left out for both.
    """
    both = ~np.isnan(baseline) & ~np.isnan(candidate)
    arms, positive, design = [baseline[both], candidate[both]], positive[both], design.keep(both)
    draws = resample(design.clusters, rng, strata=design.strata)
    points = [area(scores, positive) for scores in arms]
    drawn = [_resampled_area(scores, positive, draws) for scores in arms]
    return draws.estimate(float(points[1] - points[0]), drawn[1] - drawn[0])


def _resampled_area(scores: Floats, positive: Bools, draws: Resamples) -> Floats:
    """(B,), the area in each resample."""
    return np.concatenate([area(scores, positive, weights) for weights in draws.chunks()])


def operating_point(
    scores: Floats, positive: Bools, threshold: float, design: Design, rng: np.random.Generator
) -> OperatingPoint:
    """Hit rate and false rate of "score at least threshold", with bootstrap intervals (STATS 8)."""
    known = ~np.isnan(scores)
    called, positive, design = scores[known] >= threshold, positive[known], design.keep(known)
    draws = resample(design.clusters, rng, strata=design.strata)
    counts = np.column_stack([called & positive, positive, called & ~positive, ~positive]).astype(
        float
    )
    point, drawn = counts.sum(axis=0), draws.totals(counts)
    rates = [
        draws.estimate(float(divide(point[i], point[i + 1])), divide(drawn[:, i], drawn[:, i + 1]))
        for i in (0, 2)
    ]
    return OperatingPoint(threshold=threshold, hit_rate=rates[0], false_rate=rates[1])
