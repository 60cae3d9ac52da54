"""Checkpoints in a row, and many models side by side (STATS section 9.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.estimates import NOTHING, Linear, linear, together
from tastemaker.stats.intervals import ENOUGH_INFORMATIVE, t_cdf
from tastemaker.stats.multiplicity import holm
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.permutation import FLIPS, TIE, flipped_sums, max_t, sign_flip
from tastemaker.stats.reported import Change, Estimate, change, divide, laddered


@dataclass(frozen=True, kw_only=True)
class Regressions:
    """Which checkpoints lost on which principles, all looked at together."""

    principles: tuple[str, ...]
    p_adjusted: Floats
    """(T, P), one-sided against a decline, adjusted over all of them; NaN not measured."""
    differences: tuple[tuple[Estimate | None, ...], ...]
    """(T, P), checkpoint minus reference; None not measured."""
    first: int | None
    """The first checkpoint that lost on a principle; None when none is established."""
    lost: tuple[str, ...]
    """The principles that it lost on."""


@dataclass(frozen=True, kw_only=True)
class Changepoint:
    """The step of a series at which the mean moved most."""

    at: int
    """The first checkpoint after the change."""
    p_value: float
    """Two-sided, that nothing changed anywhere: over all places for a change at once."""
    shift: Estimate
    """Mean after minus mean before. The place was picked for being large: shown, never gated."""


def kendall(steps: Floats, scores: Floats) -> float | None:
    """Kendall's tau-b of scores over steps, "monotonicity" (STATS 9.5); None when one is constant.

    Both (T,), NaN scores are left out. Descriptive: checkpoints share scenarios, so no p-value.
    """
    known = ~np.isnan(scores)
    before, after = np.triu_indices(int(known.sum()), k=1)
    rise = np.sign(scores[known][after] - scores[known][before])
    run = np.sign(steps[known][after] - steps[known][before])
    untied = np.sqrt(np.abs(rise).sum()) * np.sqrt(np.abs(run).sum())
    return float((rise * run).sum() / untied) if untied > 0 else None


def trend(steps: Floats, scores: Floats, design: Design, rng: np.random.Generator) -> Change:
    """The slope of the score per unit of step, one line for each scenario (STATS section 9.5).

    A scenario's least-squares slope uses the checkpoints it was scored at, at least two; the mean
    slope has Student's interval across clusters and a sign-flip test. That checkpoints share
    scenarios is so taken care of exactly.

    Args:
        steps: (T,), training steps, dates as numbers, or 0..T-1.
        scores: (T, N), the mean over seeds of each scenario, NaN missing.
        design: Of the N scenarios.
        rng: For the sign-flip test.
    """
    return change(_slopes(steps, scores), design, rng, limit=None)


def _slopes(steps: Floats, scores: Floats) -> Floats:
    """(N,), NaN for a scenario scored at fewer than two different steps."""
    scored = ~np.isnan(scores)
    filled = np.where(scored, scores, 0.0)
    centre = divide((scored * steps[:, None]).sum(axis=0), scored.sum(axis=0))
    run = np.where(scored, steps[:, None] - centre, 0.0)
    return divide((run * filled).sum(axis=0), (run**2).sum(axis=0))


def first_regression(
    differences: Mapping[str, Floats],
    designs: Mapping[str, Design],
    rng: np.random.Generator,
    *,
    alpha: float = 0.05,
) -> Regressions:
    """The first checkpoint that lost on some principle, by joint max-T over all (STATS 9.5, 4.3).

    Args:
        differences: For each principle (T, N), paired differences of the T checkpoints in order
            from one reference, seeds averaged first, NaN missing.
        designs: For each principle the design of its N scenarios; cluster codes mean the same in
            all of them, so that one flip turns a cluster in every column.
        rng: For the shared flips.
        alpha: The family-wise error over all checkpoints and principles.

    Raises:
        ValueError: the principles differ in their number of checkpoints.
    """
    principles = tuple(differences)
    if len({len(rows) for rows in differences.values()}) != 1:
        raise ValueError("The principles must have the same number of checkpoints.")
    checkpoints = len(differences[principles[0]])
    found = [
        None if np.isnan(y).all() else linear(y, designs[name])
        for name in principles
        for y in differences[name]
    ]
    columns = side_by_side(found, designs)
    p = np.where([one is None for one in found], np.nan, max_t(columns, rng=rng))
    p_adjusted = p.reshape(len(principles), checkpoints).T
    lost = p_adjusted <= alpha
    at = np.flatnonzero(lost.any(axis=1))
    first = int(at[0]) if len(at) else None
    return Regressions(
        principles=principles,
        p_adjusted=p_adjusted,
        differences=tuple(
            tuple(None if one is None else laddered(one) for one in found[checkpoint::checkpoints])
            for checkpoint in range(checkpoints)
        ),
        first=first,
        lost=() if first is None else tuple(np.array(principles)[lost[first]].tolist()),
    )


def side_by_side(found: Sequence[Linear | None], designs: Mapping[str, Design]) -> Floats:
    """(G, M) contributions over the clusters of all designs; 0 where a column lacks a cluster.

    Cluster codes mean the same in all designs: what `max_t` asks of its columns.
    """
    codes = np.unique(np.concatenate([design.clusters for design in designs.values()]))
    columns = np.zeros((len(codes), len(found)))
    for column, one in enumerate(found):
        if one is not None:
            columns[np.searchsorted(codes, one.cluster_codes), column] = one.contributions
    return columns


def changepoint(
    scores: Floats, design: Design, rng: np.random.Generator, *, flips: int = FLIPS
) -> Changepoint | None:
    """Where the mean of a series moved, by the largest of all before-after contrasts (STATS 9.5).

    For each place t the contrast of a scenario is its mean after minus its mean before;
    the largest |T_t| is compared with its distribution under joint sign flips of the clusters.

    Args:
        scores: (T, N), T at least 2; scenarios that lack a checkpoint are left out.
        design: Of the N scenarios.
        rng: For the flips.
        flips: How many.

    Returns:
        None when there is no place to look at, or nothing moved in any scenario.
    """
    complete = ~np.isnan(scores.sum(axis=0))
    if len(scores) < 2 or not complete.any():
        return None
    scores, design = scores[:, complete], design.keep(complete)
    contrasts = [scores[t:].mean(axis=0) - scores[:t].mean(axis=0) for t in range(1, len(scores))]
    found = [linear(y, design) for y in contrasts]
    columns = np.stack([one.contributions for one in found], axis=1)
    scale = np.sqrt((columns**2).sum(axis=0))
    if not (scale > NOTHING).any():
        return None
    units = divide(columns, scale)
    units[:, scale <= NOTHING] = 0.0
    sizes = np.abs(units.sum(axis=0))
    # Without noise the places beside a step are as sure as the step itself: the larger shift wins.
    surest = sizes >= sizes.max() - TIE * len(units)
    place = int(np.argmax(np.where(surest, np.abs(columns.sum(axis=0)), -1.0)))
    largest = np.abs(flipped_sums(units, rng=rng, flips=flips)).max(axis=1)
    reached = np.count_nonzero(largest >= sizes[place] - TIE * np.abs(units[:, place]).sum())
    return Changepoint(
        at=place + 1, p_value=float((1 + reached) / (1 + flips)), shift=laddered(found[place])
    )


def rank_intervals(
    scores: Floats, design: Design, rng: np.random.Generator, *, alpha: float = 0.05
) -> tuple[tuple[int, int], ...]:
    """For each of M models the ranks it may have: [1 + #better, M - #worse] (STATS section 9.5).

    Better and worse are two-sided paired tests of every pair of models, Holm-adjusted. A pair with
    up to 20 informative clusters takes the exact sign-flip test; above that the cluster t test,
    for random flips end at 1/10,001, which no adjustment for hundreds of pairs survives.

    Args:
        scores: (M, N), the mean over seeds of each scenario, NaN missing.
        design: Of the N scenarios.
        rng: For sign flips where more clusters than can be enumerated agree exactly.
        alpha: The family-wise error over all pairs.
    """
    models = len(scores)
    pairs = list(combinations(range(models), 2))
    weighed = design.weights * design.stratum_weights[design.strata] > 0
    if np.isnan(scores).any() or not weighed.any():
        tested = [_pair_test(scores[one] - scores[other], design, rng) for one, other in pairs]
    else:
        tested = _complete_pair_tests(scores[:, weighed], design.keep(weighed), rng)
    p_values, better = [p for p, _ in tested], [ahead for _, ahead in tested]
    ranks = np.tile([1, models], (models, 1))
    adjusted = holm(p_values).tolist()
    for (first, second), ahead, p_adjusted in zip(pairs, better, adjusted, strict=True):
        if p_adjusted <= alpha:  # never for NaN
            winner, loser = (first, second) if ahead else (second, first)
            ranks[loser, 0] += 1
            ranks[winner, 1] -= 1
    return tuple((int(low), int(high)) for low, high in ranks)


def _pair_test(
    differences: Floats, design: Design, rng: np.random.Generator
) -> tuple[float | None, bool]:
    """Two-sided p (None: nothing to compare), and whether the difference is above 0."""
    if np.isnan(differences).all():
        return None, False
    found = linear(differences, design)
    if found.informative_clusters <= ENOUGH_INFORMATIVE or not found.se > 0:
        return sign_flip(found.contributions, rng=rng).two_sided, found.mean > 0
    return 2 * t_cdf(-abs(found.mean) / found.se, found.df), found.mean > 0


def _complete_pair_tests(
    scores: Floats, design: Design, rng: np.random.Generator
) -> list[tuple[float | None, bool]]:
    """`_pair_test` of every pair of (M, N) models without gaps, a model against all at once."""
    found, tested = together(scores, design), list[tuple[float | None, bool]]()
    for first in range(len(scores) - 1):
        contributions, errors, dfs = found.less(first, slice(first + 1, None))
        informative = (np.abs(contributions) > NOTHING).sum(axis=0)
        for column, mean in enumerate(contributions.sum(axis=0).tolist()):
            se, df = float(errors[column]), float(dfs[column])
            if informative[column] <= ENOUGH_INFORMATIVE or not se > 0:
                p = sign_flip(contributions[:, column], rng=rng).two_sided
            else:
                p = 2 * t_cdf(-abs(mean) / se, df)
            tested.append((p, mean > 0))
    return tested


def shrink(differences: Sequence[float] | Floats, errors: Sequence[float] | Floats) -> Floats:
    """Empirical-Bayes values for display: d tau^2/(tau^2 + SE^2) (STATS 9.5); never gate on them.

    tau^2, the variance of the true differences around 0, is the mean of d^2 - SE^2, not below 0.

    Args:
        differences: (M,), of many models or principles from one baseline.
        errors: (M,), their standard errors. Where one of the two is NaN the answer is NaN.
    """
    d, se = np.asarray(differences, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    known: NDArray[np.bool_] = ~np.isnan(d + se)
    if not known.any():
        return np.full(len(d), np.nan)
    tau_squared = max(0.0, float((d[known] ** 2 - se[known] ** 2).mean()))
    if tau_squared == 0:
        return np.where(known, 0.0, np.nan)
    shrunken: Floats = d * tau_squared / (tau_squared + se**2)
    return shrunken
