"""Intervals as functions of a few numbers, and the ladder that picks one for a difference."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from tastemaker.stats.panel import Floats

Method = Literal["t", "guarded", "rule_of_three", "gaffke"]

ENOUGH_INFORMATIVE = 20
"""From this many clusters with a contribution that is not zero, Student's interval keeps its
coverage (STATS 2.2)."""

GAFFKE_DRAWS = 20_000
DRAWS_IN_MEMORY = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Two limits and how they were made; NaN where they cannot be computed."""

    low: float
    high: float
    method: Method

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def normal_quantile(p: float) -> float:
    return float(special.ndtri(p))


def t_quantile(p: float, df: float) -> float:
    """The p quantile of Student's t; NaN for df <= 0, the normal's for infinite df."""
    if not df > 0:
        return float("nan")
    return normal_quantile(p) if np.isinf(df) else float(special.stdtrit(df, p))


def t_cdf(t: float, df: float) -> float:
    """P(T <= t) for Student's t; NaN for df <= 0."""
    return float(special.stdtr(df, t)) if df > 0 else float("nan")


def t_interval(mean: float, se: float, df: float, alpha: float = 0.05) -> tuple[float, float]:
    """Mean and t quantile times SE: the usual two-sided interval at level 1 - alpha."""
    half = t_quantile(1 - alpha / 2, df) * se
    return mean - half, mean + half


def guarded(
    difference: float, se: float, df: float, effective_clusters: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Student's interval after adding two pseudo-clusters, +1 and -1, of mean weight (STATS 2.1).

    They stand for what the clusters not drawn may hold. With one cluster the SE is not needed.
    """
    count = effective_clusters
    # One cluster (df 0) has no spread to measure, so its SE is NaN; any other NaN goes through.
    spread = 0.0 if df == 0 else (count - 1) * count * se**2
    centre = count * difference / (count + 2)
    variance = ((spread + count * difference**2 + 2) / (count + 2) - centre**2) / (count + 2)
    return t_interval(centre, float(np.sqrt(variance)), df + 2, alpha)


def rule_of_three(
    difference: float, effective_clusters: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Limits when no cluster changed: what share of clusters may still do so (STATS 2.1)."""
    share = 1 - (alpha / 2) ** (1 / effective_clusters)
    return difference - share * (1 + difference), difference + share * (1 - difference)


def ladder(
    difference: float,
    se: float,
    df: float,
    effective_clusters: float,
    *,
    informative_clusters: int,
    alpha: float = 0.05,
) -> Interval:
    """The default interval of a difference on [-1, 1] (STATS 0, decision 3).

    Rule of three when no cluster is informative; guarded below 20 informative clusters, and where
    all clusters agree so exactly that the SE is 0; Student's t otherwise.
    """
    method: Method
    if informative_clusters == 0:
        method, limits = "rule_of_three", rule_of_three(difference, effective_clusters, alpha)
    elif informative_clusters < ENOUGH_INFORMATIVE or not se > 0:
        limits = guarded(difference, se, df, effective_clusters, alpha)
        method = "guarded"
    else:
        method, limits = "t", t_interval(difference, se, df, alpha)
    return Interval(low=limits[0], high=limits[1], method=method)


def gaffke(
    contributions: Floats,
    cluster_weights: Floats,
    *,
    rng: np.random.Generator,
    alpha: float = 0.05,
) -> tuple[float, float]:
    """Gaffke's bounds for a weighted mean of clusters that lie in [-1, 1].

    A Bayesian bootstrap over the clusters with one more at the worst value, -1 for the low and +1
    for the high limit, each with the effective mean weight 1/G_eff. With equal weights and binary
    values it is Clopper-Pearson, up to simulation (20,000 draws).

    Args:
        contributions: (G,), weight times value of each cluster; they sum to the mean.
        cluster_weights: (G,), sums to 1.
        rng: Where the draws come from; the same state gives the same limits.
        alpha: One minus the level of the two-sided interval.

    Raises:
        ValueError: a cluster's value lies outside [-1, 1].
    """
    if (np.abs(contributions) > cluster_weights + 1e-9).any():
        raise ValueError("Gaffke's bounds need values between -1 and 1.")
    # Clusters with equal value and weight are drawn together: m exponentials add up to a gamma.
    kinds, counts = np.unique(
        np.round(np.column_stack([contributions, cluster_weights]), 12), axis=0, return_counts=True
    )
    extra = float((cluster_weights**2).sum() / cluster_weights.sum())
    lows, highs = [], []
    size = max(1, DRAWS_IN_MEMORY // len(kinds))
    for start in range(0, GAFFKE_DRAWS, size):
        rows = min(size, GAFFKE_DRAWS - start)
        total, weight = (rng.standard_gamma(counts, (rows, len(kinds))) @ kinds).T
        worst = extra * rng.standard_exponential(rows)
        lows.append((total - worst) / (weight + worst))
        highs.append((total + worst) / (weight + worst))
    return (
        float(np.quantile(np.concatenate(lows), alpha / 2)),
        float(np.quantile(np.concatenate(highs), 1 - alpha / 2)),
    )


def wilson(
    share: float,
    se: float,
    clusters: int,
    *,
    scenarios: int,
    seeds: float = 1.0,
    alpha: float = 0.05,
) -> tuple[float, float]:
    """Wilson's interval with the Korn-Graubard effective n and a t quantile (STATS 2.4).

    NaN with one cluster. `seeds` is how many scores a scenario has, on average.
    """
    n = effective_n(share, se, clusters, scenarios * seeds)
    return wilson_limits(share, n, t_quantile(1 - alpha / 2, clusters - 1))


def wilson_limits(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Wilson's score interval of a share of n, with the quantile given: normal or Student's."""
    shrink = 1 + quantile**2 / n
    centre = (share + quantile**2 / (2 * n)) / shrink
    spread = max(0.0, share * (1 - share))  # rounding may leave [0, 1] by a hair
    half = quantile * np.sqrt(spread / n + quantile**2 / (4 * n**2)) / shrink
    return float(np.maximum(0.0, centre - half)), float(np.minimum(1.0, centre + half))


def effective_n(share: float, se: float, clusters: int, scores: float) -> float:
    """p(1-p)/SE^2, at most the scores; the clusters where there is no variance (STATS 2.4).

    The scores are scenarios x seeds. A cap at the scenarios would leave what repeats gain unused:
    at five seeds the intervals are 70 % wider and cover 99.7 % instead of the 93 to 96 % of
    STATS 2.4, whose table this cap reproduces.
    """
    if not se > 0 or not 0 < share < 1:
        return float(clusters)
    return float(min(share * (1 - share) / se**2, scores))
