"""Stopping early: a few planned looks with O'Brien-Fleming's limits (STATS 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import nan, sqrt
from typing import Literal

import numpy as np
from scipy import special

from tastemaker.stats.estimates import linear
from tastemaker.stats.intervals import ladder
from tastemaker.stats.panel import Codes, Design, Floats

O_BRIEN_FLEMING = {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040}
"""C by the number of looks: the limit at look k of K is C sqrt(K/k), one-sided 0.025 in all."""
NODES = 200
"""Of the Gauss-Legendre rule that follows the walk from look to look."""
WORTH_IT_FROM = 200
"""Fewer scenarios than this save next to nothing by stopping early."""

Decision = Literal["REGRESSED", "NON_INFERIOR", "CONTINUE"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at the scenarios so far says."""

    look: int
    """From 1 to the number of looks."""
    scenarios: int
    clusters: int
    difference: float
    low: float
    """Limits at this look's own, wider level; NaN when nothing can be computed yet."""
    high: float
    decision: Decision


def look_limits(looks: int = 5, *, alpha: float = 0.05) -> tuple[float, ...]:
    """The normal quantile that each look's interval uses, the first the widest.

    Args:
        looks: 2 to 5.
        alpha: One minus the level that the two-sided intervals have over all looks together.

    Raises:
        ValueError: the number of looks is not 2, 3, 4 or 5.
    """
    if looks not in O_BRIEN_FLEMING:
        raise ValueError(f"Early stopping has 2 to 5 looks, not {looks}.")
    constant = O_BRIEN_FLEMING[looks] if alpha == 0.05 else _constant(looks, alpha / 2)
    return tuple(constant * sqrt(looks / k) for k in range(1, looks + 1))


def look_alphas(looks: int = 5, *, alpha: float = 0.05) -> tuple[float, ...]:
    """The two-sided alpha of each look's interval: 2 (1 - Phi(limit))."""
    return tuple(2 * float(special.ndtr(-limit)) for limit in look_limits(looks, alpha=alpha))


def overall_p(p: float, look: int, looks: int = 5) -> float:
    """The one-sided p-value over all looks of a test that had `p` at one of them.

    The smallest level at which O'Brien and Fleming's limits, made for that level, are reached: the
    chance that a walk without drift is at some look as far up as this one. Whichever look a rule
    stops at, it is at most a with a chance of at most a. NaN for NaN; 1 for 1.
    """
    if not p < 1:
        return p
    return min(1.0, _crossing(-float(special.ndtri(p)) * sqrt(look), looks))


def _crossing(height: float, looks: int) -> float:
    """P(some S_j >= height, j = 1..looks) for sums S_j of j standard normals.

    Armitage, McPherson and Rowe's recursion: the density of the walks that have not crossed yet,
    and at each step what crosses from it.
    """
    nodes, weights = _rule()
    low = min(height, 0.0) - 9 * sqrt(looks)  # below it no walk has a chance that counts
    places = low + (height - low) * (nodes + 1) / 2
    widths = weights * (height - low) / 2
    step = np.exp(-((places[:, None] - places) ** 2) / 2) / sqrt(2 * np.pi)
    density = np.exp(-(places**2) / 2) / sqrt(2 * np.pi)
    crossed = float(special.ndtr(-height))
    for _ in range(looks - 1):
        crossed += float((density * widths) @ special.ndtr(places - height))
        density = step @ (density * widths)
    return crossed


@cache
def _rule() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


@cache
def _constant(looks: int, level: float) -> float:
    """C for a one-sided level in (0, 0.25], by halving."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        if _crossing(middle * sqrt(looks), looks) > level:
            low = middle
        else:
            high = middle
    return high


def entry_looks(design: Design, looks: int, *, rng: np.random.Generator) -> Codes:
    """(N,), the look from 1 to `looks` at which each scenario comes in.

    Whole clusters, in random order within their stratum, come in equal parts (rounded up); one
    that spans strata goes by its first. Drawn before the run, and kept.
    """
    codes, clusters = np.unique(design.clusters, return_inverse=True)
    stratum = np.full(len(codes), len(design.stratum_weights))
    np.minimum.at(stratum, clusters, design.strata)
    entry = np.empty(len(codes), dtype=np.intp)
    for code in np.unique(stratum):
        members = rng.permutation(np.flatnonzero(stratum == code))
        entry[members] = np.arange(len(members)) * looks // len(members) + 1
    return entry[clusters]


def sequential(
    differences: Floats, design: Design, entry: Codes, *, margin: float, looks: int = 5
) -> list[Look]:
    """The looks taken, up to and with the one that decides, or all (STATS 5).

    The interval of the default ladder at the look's own level; REGRESSED when all of it is below
    0, NON_INFERIOR when all of it is above minus the margin.

    Args:
        differences: (N,), candidate minus baseline; NaN where an arm has no score (yet).
        design: Of the N scenarios.
        entry: (N,), from `entry_looks`.
        margin: The largest loss accepted as harmless.
        looks: 2 to 5.
    """
    taken: list[Look] = []
    for look, alpha in enumerate(look_alphas(looks), start=1):
        mask = entry <= look
        taken.append(_look(look, differences[mask], design.keep(mask), margin, alpha))
        if taken[-1].decision != "CONTINUE":
            break
    return taken


def share_used(looks: Sequence[Look], scenarios: int) -> float:
    """The share of all planned scenarios that were needed up to the last look taken."""
    return looks[-1].scenarios / scenarios if looks else nan


def _look(look: int, differences: Floats, design: Design, margin: float, alpha: float) -> Look:
    if np.isnan(differences).all():
        return Look(
            look=look,
            scenarios=0,
            clusters=0,
            difference=nan,
            low=nan,
            high=nan,
            decision="CONTINUE",
        )
    estimate = linear(differences, design)
    interval = ladder(
        estimate.mean,
        estimate.se,
        estimate.df,
        estimate.effective_clusters,
        informative_clusters=estimate.informative_clusters,
        alpha=alpha,
    )
    return Look(
        look=look,
        scenarios=estimate.scenarios,
        clusters=estimate.clusters,
        difference=estimate.mean,
        low=interval.low,
        high=interval.high,
        decision=_decide(interval.low, interval.high, margin),
    )


def _decide(low: float, high: float, margin: float) -> Decision:
    """Comparisons with NaN are false, so what cannot be computed continues."""
    if high < 0:
        return "REGRESSED"
    return "NON_INFERIOR" if low > -margin else "CONTINUE"
