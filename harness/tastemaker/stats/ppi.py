"""A judge's estimate corrected by a few human labels: prediction-powered inference (STATS 6.1)."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.estimates import NOTHING, Linear, linear, scenario_means
from tastemaker.stats.intervals import ENOUGH_INFORMATIVE, guarded, t_quantile
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.power import floor_clusters
from tastemaker.stats.reported import Estimate, laddered, student, with_limits

FEWEST_LABELS = 50
"""Labelled scenarios from which a principle may be corrected at all (STATS section 6.2)."""
FEWEST_FOR_RELEASE = 100

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A difference (or a mean) as people would have scored it."""

    corrected: Estimate
    judge_only: Estimate
    """What the judge says over all scenarios; biased as the judge is."""
    human_only: Estimate
    """What the labelled scenarios say without the judge."""
    lam: float | None
    """Lambda in [0, 1]: how much the judge's answers are used; 0 is human labels alone."""
    se: float | None
    df: float
    guarded: bool
    """Whether pseudo-rectifiers +1 and -1 were added: too few labels differed from the judge."""
    labelled: int
    unlabelled: int
    clusters: int
    """With a label; all that the correction rests on."""
    effective_clusters: float
    informative_clusters: int
    """Labelled clusters in which people and the judge differ: H - lambda J is not 0."""
    rectifier_sd: float
    """SD of H - lambda J over labelled clusters of mean weight; NaN with one cluster."""
    enough_labels: bool
    """At least 50 labelled scenarios; with fewer the numbers are for looking, not for deciding."""
    notes: tuple[str, ...] = ()


def corrected_difference(
    human: Floats,
    judge: Floats,
    design: Design,
    *,
    chance: Floats | None = None,
    lam: float | None = None,
    alpha: float = 0.05,
) -> Corrected:
    """Tuned, guarded PPI of a paired difference (STATS section 6.1).

    lambda mean(U) + mean(H - lambda J), U the judge on the scenarios without labels; lambda makes
    the error smallest, in [0, 1]. Errors are across clusters (STATS section 1); what labelled and
    other scenarios of one cluster have in common is counted where it widens the interval.

    Args:
        human: (N,), H: difference by people on the labelled seed, NaN where not labelled.
        judge: (N,), where labelled J, the judge's difference on the same seed; elsewhere U, over
            all seeds. Scenarios without a judge's difference are left out.
        design: Of the N scenarios.
        chance: (N,), the probability with which each scenario was picked for labelling, above 0
            and below 1, where it was not the same for all (of a stratum).
        lam: Fix lambda instead of tuning it.
        alpha: One minus the level of the interval.

    Raises:
        ValueError: no scenario is labelled, or a chance is not between 0 and 1.
    """
    return _corrected(human, judge, design, chance, lam, alpha, guard=True)


def corrected_mean(
    human: Floats,
    judge: Floats,
    design: Design,
    *,
    chance: Floats | None = None,
    lam: float | None = None,
    alpha: float = 0.05,
) -> Corrected:
    """Tuned PPI of the mean of one arm: as `corrected_difference`, without the guard.

    With lam=1 it is the classic estimator; `ppi-python` uses variances with ddof 0 and the normal
    quantile, and another convention for the tuned lambda (STATS section 6.1).
    """
    return _corrected(human, judge, design, chance, lam, alpha, guard=False)


def _corrected(
    human: Floats,
    judge: Floats,
    design: Design,
    chance: Floats | None,
    lam: float | None,
    alpha: float,
    *,
    guard: bool,
) -> Corrected:
    labelled = ~np.isnan(human) & ~np.isnan(judge)
    others = np.isnan(human) & ~np.isnan(judge)
    if not labelled.any():
        raise ValueError("No scenario has both a human label and a judge's score.")
    notes = _unlabelled_strata(design, labelled, others)
    weighted = _by_chance(design, labelled, chance)
    inside, outside = weighted.keep(labelled), weighted.keep(others)
    h, j, u = human[labelled], judge[labelled], judge[others]
    if lam is None:
        lam = _tuned(h, j, u, inside, outside)
    rectifier = linear(h - lam * j, inside)
    estimate, se, df, guards = rectifier.mean, rectifier.se, rectifier.df, False
    if guard and _few(rectifier):
        estimate, se, df = _guarded_rectifier(rectifier)
        guards = True
    if len(u) and lam > 0:
        rest = linear(lam * u, outside)
        shared = max(0.0, _shared_covariance(h - lam * j, inside, lam * u, outside))
        estimate, se = estimate + rest.mean, float(np.sqrt(se**2 + rest.se**2 + 2 * shared))
    half = t_quantile(1 - alpha / 2, df) * se
    plain = laddered if guard else student
    return Corrected(
        corrected=with_limits(estimate, (estimate - half, estimate + half)),
        judge_only=plain(linear(judge, design), alpha),
        human_only=plain(linear(h, inside), alpha),
        lam=float(lam),
        se=None if np.isnan(se) else float(se),
        df=df,
        guarded=guards,
        labelled=len(h),
        unlabelled=len(u),
        clusters=rectifier.clusters,
        effective_clusters=rectifier.effective_clusters,
        informative_clusters=rectifier.informative_clusters,
        rectifier_sd=rectifier.se * float(np.sqrt(rectifier.effective_clusters)),
        enough_labels=len(h) >= FEWEST_LABELS,
        notes=notes,
    )


def _by_chance(design: Design, labelled: Bools, chance: Floats | None) -> Design:
    """Weights so that the labelled, and the others, each stand for all scenarios."""
    if chance is None:
        return design
    if not ((chance > 0) & (chance < 1)).all():
        raise ValueError(
            "Every scenario's chance of being labelled must lie above 0 and below 1: "
            "those that are never, or always, labelled have nothing to stand for them."
        )
    return Design(
        strata=design.strata,
        stratum_weights=design.stratum_weights,
        clusters=design.clusters,
        weights=design.weights / np.where(labelled, chance, 1 - chance),
    )


def _unlabelled_strata(design: Design, labelled: Bools, others: Bools) -> tuple[str, ...]:
    used = design.strata[labelled | others]
    lacking = len(np.setdiff1d(used, design.strata[labelled]))
    return (f"{lacking} strata have no label: the rest stand for them.",) if lacking else ()


def _tuned(h: Floats, j: Floats, u: Floats, inside: Design, outside: Design) -> float:
    """The lambda with the smallest error: Cov(H, J)/(Var(J) + Var(U)) of the means, in [0, 1]."""
    if not len(u):
        return 0.0
    of_others = linear(u, outside).se ** 2
    of_judge = linear(j, inside).se ** 2
    covariance = (linear(h + j, inside).se ** 2 - linear(h - j, inside).se ** 2) / 4
    total = of_judge + of_others
    if not total > NOTHING**2:
        return 0.0
    return float(np.clip(covariance / total, 0.0, 1.0))


def _few(rectifier: Linear) -> bool:
    return rectifier.informative_clusters < ENOUGH_INFORMATIVE or not rectifier.se > 0


def _guarded_rectifier(rectifier: Linear) -> tuple[float, float, float]:
    """Mean, SE and df with two pseudo-rectifiers +1 and -1 (STATS sections 2.1 and 6.1)."""
    low, high = guarded(rectifier.mean, rectifier.se, rectifier.df, rectifier.effective_clusters)
    df = rectifier.df + 2
    return (low + high) / 2, (high - low) / 2 / t_quantile(0.975, df), df


def _shared_covariance(
    rectifiers: Floats, inside: Design, others: Floats, outside: Design
) -> float:
    """Covariance of the two means through clusters that hold labelled and other scenarios."""
    a, b = linear(rectifiers, inside), linear(others, outside)
    _, rows, columns = np.intersect1d(a.cluster_codes, b.cluster_codes, return_indices=True)
    z_a = a.contributions - a.cluster_weights * a.mean
    z_b = b.contributions - b.cluster_weights * b.mean
    return float((z_a[rows] * z_b[columns]).sum())


def labelled_differences(
    human: tuple[Floats, Floats], judge: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """From scores to what `corrected_difference` takes (STATS section 6.1).

    Args:
        human: (baseline, candidate), (N, K) scores by people each, NaN where not labelled; a seed
            counts when both arms have a label (people score the same seed of both arms).
        judge: (baseline, candidate), (N, K) scores by the judge each, NaN where unscored.

    Returns:
        (N,) human and (N,) judge differences: where labelled both on the labelled seeds, elsewhere
        NaN and the judge's difference over all seeds.
    """
    by_people, by_judge = human[1] - human[0], judge[1] - judge[0]
    pairs = ~np.isnan(by_people) & ~np.isnan(by_judge)
    h = scenario_means(np.where(pairs, by_people, np.nan))
    j = scenario_means(np.where(pairs, by_judge, np.nan))
    everywhere = scenario_means(judge[1]) - scenario_means(judge[0])
    return h, np.where(pairs.any(axis=1), j, everywhere)


def labels_needed(rectifier_sd: float, half_width: float) -> int:
    """Labelled scenarios for an interval of +- half_width: (1.96 sd(H - lambda J)/h)^2 (STATS 6.2).

    Never fewer than 50, nor than the rule of three allows for that half-width.
    """
    needed = ceil((1.959964 * rectifier_sd / half_width) ** 2)
    return max(needed, FEWEST_LABELS, floor_clusters(half_width))
