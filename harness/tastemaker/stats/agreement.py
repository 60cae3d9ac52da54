"""How far raters agree beyond chance, and how a judge errs against people (STATS section 6.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.intervals import wilson
from tastemaker.stats.panel import Codes, Design, Floats
from tastemaker.stats.reported import UNKNOWN, Estimate, divide, known, laddered, with_limits
from tastemaker.stats.resample import Resamples, one_stratum, resample

BINARY = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of items, with its interval and how many items it is a share of."""

    value: float | None
    low: float | None
    high: float | None
    items: int


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A judge held against people on the items that both answered."""

    items: int
    clusters: int
    human_rate: float | None
    """Mean of the human answers: kappa means little without it."""
    judge_rate: float | None
    agreement: Estimate
    kappa: Estimate
    ac1: Estimate
    alpha: Estimate
    sensitivity: Rate
    """Share of the items met for people that the judge calls met; of binary answers only."""
    specificity: Rate
    """Share of the items unmet for people that the judge calls unmet."""


@dataclass(frozen=True, kw_only=True)
class Retest:
    """A judge asked again about the same replies (STATS section 6.4)."""

    replies: int
    variance: float | None
    """sigma^2_J: the mean variance within a reply."""
    flip_rate: float | None
    """How often two answers about one reply differ: the mean of 2p(1-p)."""


def agreement(
    human: Floats,
    judge: Floats,
    clusters: Codes,
    rng: np.random.Generator,
    *,
    classes: Sequence[float] = BINARY,
    weights: Floats | None = None,
) -> Agreement:
    """Agreement of two raters on N items, with cluster-bootstrap intervals (STATS section 6.3).

    Args:
        human: (N,), one of the classes each; NaN is missing, and drops the item.
        judge: (N,), the same.
        clusters: (N,), codes of items that are not independent: the seeds of one scenario, say.
        rng: Where the resamples are drawn from.
        classes: The answers there can be; AC1 depends on their number.
        weights: (N,), how many items each stands for, above 0: one over the chance it was drawn
            with. Only their ratios matter. Default: all alike.

    Raises:
        ValueError: an answer is not one of the classes.
    """
    both = ~np.isnan(human) & ~np.isnan(judge)
    human, judge, clusters = human[both], judge[both], clusters[both]
    weights = np.ones(len(human)) if weights is None else _of_mean_one(weights[both])
    cells = _one_hot(human, classes)[:, :, None] * _one_hot(judge, classes)[:, None, :]
    cells = cells * weights[:, None, None]
    met, unmet = human == 1, human == 0
    binary = tuple(classes) == BINARY
    draws = resample(clusters, rng)
    table = cells.sum(axis=0)
    tables = draws.totals(cells)
    return Agreement(
        items=len(human),
        clusters=draws.counts.shape[1],
        human_rate=known((weights * human).mean()) if len(human) else None,
        judge_rate=known((weights * judge).mean()) if len(judge) else None,
        agreement=_share(human == judge, clusters, weights, draws, table, tables),
        kappa=draws.estimate(float(kappa(table)), kappa(tables)),
        ac1=draws.estimate(float(ac1(table)), ac1(tables)),
        alpha=krippendorff(
            np.stack([human, judge], axis=1), draws, classes=classes, weights=weights
        ),
        sensitivity=rate(judge[met], clusters[met], weights[met]) if binary else NO_RATE,
        specificity=rate(1 - judge[unmet], clusters[unmet], weights[unmet]) if binary else NO_RATE,
    )


NO_RATE = Rate(value=None, low=None, high=None, items=0)


def _of_mean_one(weights: Floats) -> Floats:
    """The same ratios, summing to the number of items, which alpha counts by."""
    return weights / weights.mean() if len(weights) else weights


def _one_hot(answers: Floats, classes: Sequence[float]) -> Floats:
    """(N, ...) answers to (N, ..., C) of 0 and 1; all 0 where the answer is NaN."""
    hits = answers[..., None] == np.asarray(classes, dtype=float)
    if (~hits.any(axis=-1) & ~np.isnan(answers)).any():
        raise ValueError(f"An answer is not one of {', '.join(f'{c:g}' for c in classes)}.")
    coded: Floats = hits.astype(np.float64)
    return coded


def _share(
    hits: NDArray[np.bool_],
    clusters: Codes,
    weights: Floats,
    draws: Resamples,
    table: Floats,
    tables: Floats,
) -> Estimate:
    """Observed agreement: bootstrap, or Wilson's interval where it is 0 or 1 and nothing varies."""
    estimate = draws.estimate(float(observed(table)), observed(tables))
    if estimate.low is None and len(hits):
        share = rate(hits.astype(float), clusters, weights)
        return Estimate(value=share.value, low=share.low, high=share.high)
    return estimate


def observed(table: Floats) -> Floats:
    """p_o, the share on the diagonal of (..., C, C) counts; NaN for an empty table."""
    return divide(np.trace(table, axis1=-2, axis2=-1), table.sum(axis=(-2, -1)))


def kappa(table: Floats) -> Floats:
    """Cohen's kappa of (..., C, C) counts, person by judge (STATS section 6.3); NaN undefined."""
    total = table.sum(axis=(-2, -1))
    products = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1)
    return _beyond(observed(table), divide(products, total**2))


def ac1(table: Floats) -> Floats:
    """Gwet's AC1 of (..., C, C) counts, C at least 2 (STATS section 6.3); NaN undefined."""
    total = table.sum(axis=(-2, -1))
    classes = table.shape[-1]
    marginal = divide((table.sum(axis=-1) + table.sum(axis=-2)) / 2, total[..., None])
    chance = (marginal * (1 - marginal)).sum(axis=-1) / (classes - 1)
    return _beyond(observed(table), chance)


def krippendorff(
    ratings: Floats,
    draws: Resamples,
    *,
    classes: Sequence[float] = BINARY,
    weights: Floats | None = None,
) -> Estimate:
    """Krippendorff's alpha for nominal answers of any number of raters (STATS section 6.3).

    Args:
        ratings: (N, R), one of the classes each, NaN where a rater gave no answer; an item with
            fewer than two answers has nothing to compare and is left out.
        draws: Resamples of the N items.
        classes: The answers there can be.
        weights: (N,), as `agreement` takes them.
    """
    parts = _coincidences(ratings, classes)
    if weights is not None:
        parts = parts * _of_mean_one(weights)[:, None]
    return draws.estimate(float(_alpha(parts.sum(axis=0))), _alpha(draws.totals(parts)))


def krippendorff_alpha(ratings: Floats, *, classes: Sequence[float] = BINARY) -> float | None:
    """The value of `krippendorff` alone; None when all answers are the same, or none is paired."""
    return known(float(_alpha(_coincidences(ratings, classes).sum(axis=0))))


def _coincidences(ratings: Floats, classes: Sequence[float]) -> Floats:
    """(N, C + 1): how often each class was answered about an item, and its disagreements."""
    counts = _one_hot(ratings, classes).sum(axis=1)
    answers = counts.sum(axis=1)
    counts[answers < 2] = 0
    answers = np.where(answers < 2, 0, answers)
    unlike = answers**2 - (counts**2).sum(axis=1)
    return np.column_stack([counts, divide(unlike, answers - 1)])


def _alpha(parts: Floats) -> Floats:
    """1 - D_o/D_e from (..., C + 1) sums of `_coincidences`."""
    counts, disagreements = parts[..., :-1], parts[..., -1]
    total = counts.sum(axis=-1)
    expected = divide(total**2 - (counts**2).sum(axis=-1), total - 1)
    return 1 - divide(disagreements, expected)


def rate(hits: Floats, clusters: Codes, weights: Floats | None = None) -> Rate:
    """A share of (N,) items that are 0 or 1, by Wilson's interval across clusters (STATS 2.4).

    The interval is the one of an arm's mean: Korn-Graubard effective n, Student's quantile.
    Weights are as `agreement` takes them.
    """
    if not len(hits):
        return NO_RATE
    design = one_stratum(clusters)
    found = linear(hits, design if weights is None else replace(design, weights=weights))
    share = float(np.average(hits, weights=weights))  # exactly 1 where all are
    limits = (np.nan, np.nan)
    if found.clusters > 1:
        limits = wilson(share, found.se, found.clusters, scenarios=len(hits))
    estimate = with_limits(share, limits)
    return Rate(value=estimate.value, low=estimate.low, high=estimate.high, items=len(hits))


def rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float | None:
    """The true rate behind a judge's rate q: (q + spec - 1)/(sens + spec - 1), kept in [0, 1].

    STATS section 6.3. None when the judge is no better than chance (sens + spec <= 1).
    """
    skill = sensitivity + specificity - 1
    if not skill > 0:
        return None
    return float(np.clip((apparent + specificity - 1) / skill, 0.0, 1.0))


def judge_minus_human(human: Floats, judge: Floats, design: Design) -> Estimate:
    """How much higher the judge scores one arm than people do, across clusters (STATS 6.3).

    Args:
        human: (N, K) scores by people, NaN where not labelled; only replies with both count.
        judge: (N, K) scores of the same replies by the judge.
        design: Of the N scenarios.
    """
    return _laddered_mean(scenario_means(judge - human), design)


def judge_favour(
    human: tuple[Floats, Floats], judge: tuple[Floats, Floats], design: Design
) -> Estimate:
    """The judge's error on the candidate minus its error on the baseline, paired (STATS 6.3).

    Each pair is (baseline, candidate), (N, K) each. Above 0 the judge favours the candidate. With
    arms of the judge's own and another family this is self-preference (STATS section 6.4).
    """
    errors = [scenario_means(j - h) for h, j in zip(human, judge, strict=True)]
    return _laddered_mean(errors[1] - errors[0], design, limit=2.0)


def _laddered_mean(values: Floats, design: Design, limit: float = 1.0) -> Estimate:
    return UNKNOWN if np.isnan(values).all() else laddered(linear(values, design), limit=limit)


def retest(ratings: Floats) -> Retest:
    """(M, r) answers of one judge asked r times about M replies, NaN missing (STATS 6.4)."""
    answered = ratings[(~np.isnan(ratings)).sum(axis=1) >= 2]
    if not len(answered):
        return Retest(replies=0, variance=None, flip_rate=None)
    within = np.nanvar(answered, axis=1, ddof=1)
    means = np.nanmean(answered, axis=1)
    return Retest(
        replies=len(answered),
        variance=float(within.mean()),
        flip_rate=float((2 * means * (1 - means)).mean()),
    )


def panel_reliability(reliability: float, judges: int) -> float:
    """Spearman-Brown: the reliability of the mean of m judges, m r/(1 + (m - 1) r) (STATS 6.4)."""
    return judges * reliability / (1 + (judges - 1) * reliability)


def _beyond(agreed: Floats, chance: Floats) -> Floats:
    return divide(agreed - chance, 1 - chance)
