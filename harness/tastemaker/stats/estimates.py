"""Estimates over scenarios: the stratified, weighted mean and its cluster-linearised error."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tastemaker.stats.intervals import t_interval, wilson
from tastemaker.stats.panel import Codes, Design, Floats

ArmMethod = Literal["wilson", "t"]

NOTHING = 1e-12
"""A contribution or standard error up to this size is rounding, not information (STATS 1)."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A stratified weighted mean of one number per scenario, with its error across clusters."""

    mean: float
    se: float
    """Standard error; 0 when the clusters agree to rounding, NaN with one cluster."""
    df: float
    """Satterthwaite's degrees of freedom; 0 with one cluster."""
    clusters: int
    effective_clusters: float
    """(sum of cluster weights)^2 / sum of their squares; `clusters` when all weigh the same."""
    scenarios: int
    contributions: Floats
    """(G,), u_g: the sum of omega_i y_i over cluster g; they sum to the mean."""
    cluster_codes: Codes
    """(G,), the design's code of each contribution's cluster, ascending."""
    cluster_weights: Floats
    """(G,), the sum of omega_i over cluster g; sums to 1."""
    notes: tuple[str, ...] = ()

    @property
    def informative_clusters(self) -> int:
        """How many clusters have a contribution that is not zero."""
        return int(np.count_nonzero(np.abs(self.contributions) > NOTHING))


@dataclass(frozen=True, kw_only=True)
class ArmEstimate:
    """The score of one arm on one principle; numbers that cannot be computed are NaN."""

    mean: float
    low: float
    high: float
    method: ArmMethod
    se: float
    df: float
    rerun_sd: float
    """How far a fresh run with as many seeds, on the same scenarios, moves the mean (STATS 3.2)."""
    rerun_sd_single: float
    """The same for a fresh run with one seed."""
    scenarios: int
    clusters: int
    seeds: int
    """The most seeds that any scenario was scored with."""
    notes: tuple[str, ...] = ()


def scenario_means(values: Floats) -> Floats:
    """(N, K) scores to (N,): the mean over the seeds present, NaN where there is none."""
    present = ~np.isnan(values)
    counts = present.sum(axis=1)
    sums = np.where(present, values, 0.0).sum(axis=1)
    means: Floats = np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0)
    return means


def group_sums(codes: Codes, amounts: Floats) -> Floats:
    """The sum of the amounts for each code from 0 to the largest."""
    return np.bincount(codes, amounts).astype(np.float64)


def linear(y: Floats, design: Design) -> Linear:
    """The stratified weighted mean of y, with a variance linearised over clusters (STATS 1).

    Scenarios where y is NaN, and those without weight, are left out and the rest re-weighted. A
    cluster that spans strata makes one group of all; a stratum with a single cluster is merged
    with the smallest other, for the variance only.

    Raises:
        ValueError: y or a weight is infinite or negative, or no scenario with weight is left.
    """
    y, design, omega = _usable(y, design)
    codes, clusters = np.unique(design.clusters, return_inverse=True)
    shares = group_sums(clusters, omega)
    contributions = group_sums(clusters, omega * y)
    centres, groups, notes = _variance_groups(design.strata, clusters)
    variance, df = _variance(y, omega, centres, groups, clusters)
    return Linear(
        mean=float(contributions.sum()),
        se=float(np.sqrt(variance)),
        df=df,
        clusters=len(codes),
        effective_clusters=float(shares.sum() ** 2 / (shares**2).sum()),
        scenarios=len(y),
        contributions=contributions,
        cluster_codes=codes,
        cluster_weights=shares,
        notes=notes,
    )


@dataclass(frozen=True, kw_only=True)
class Together:
    """Many means over the same complete scenarios, of which any two can be subtracted."""

    contributions: Floats
    """(G, M), as `Linear` has them."""
    residuals: Floats
    """(G, M), the sums over each cluster of what is left when strata are centred."""
    groups: Codes
    """(G,), the clusters that are compared for the variance."""

    def less(self, first: int, others: slice) -> tuple[Floats, Floats, Floats]:
        """Contributions (G, m), SE (m,) and df (m,) of one mean minus each of others."""
        contributions = self.contributions[:, [first]] - self.contributions[:, others]
        squares = (self.residuals[:, [first]] - self.residuals[:, others]) ** 2
        members = self.groups == np.unique(self.groups)[:, None]
        counts = members.sum(axis=1)
        if counts.min() < 2:
            unknown = np.full(squares.shape[1], np.nan)
            return contributions, unknown, unknown
        parts = (counts / (counts - 1))[:, None] * (members @ squares)
        variance = parts.sum(axis=0)
        spread = (parts**2 / (counts - 1)[:, None]).sum(axis=0)
        tiny = variance <= NOTHING**2
        df = np.where(tiny, (counts - 1.0).sum(), variance**2 / np.where(tiny, 1.0, spread))
        return contributions, np.where(tiny, 0.0, np.sqrt(variance)), df


def together(values: Floats, design: Design) -> Together:
    """What `linear` makes of each row of (M, N) values without gaps, in one go (STATS 1).

    Raises:
        ValueError: as `linear`.
    """
    design = _usable(values[0], design)[1]
    omega = design.omega()
    _, clusters = np.unique(design.clusters, return_inverse=True)
    centres, groups, _ = _variance_groups(design.strata, clusters)
    of_cluster = np.zeros((int(clusters.max()) + 1, len(omega)))
    of_cluster[clusters, np.arange(len(omega))] = omega
    of_centre = np.zeros((int(centres.max()) + 1, len(omega)))
    of_centre[centres, np.arange(len(omega))] = omega
    shares = np.maximum(of_centre.sum(axis=1), np.finfo(float).tiny)
    means = of_centre @ values.T / shares[:, None]
    group_of = np.zeros(len(of_cluster), dtype=np.intp)
    group_of[clusters] = groups
    return Together(
        contributions=of_cluster @ values.T,
        residuals=of_cluster @ (values.T - means[centres]),
        groups=group_of,
    )


def _usable(y: Floats, design: Design) -> tuple[Floats, Design, Floats]:
    """The scenarios that count: y, design and omega of those with a value and a weight."""
    for weights, what in (
        (design.weights, "scenario weights"),
        (design.stratum_weights, "stratum weights"),
    ):
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError(f"The {what} must be finite and not negative.")
    if np.isinf(y).any():
        raise ValueError("A score is infinite.")
    weight = design.weights * design.stratum_weights[design.strata]
    keep = ~np.isnan(y) & (weight > 0)
    if not keep.any():
        raise ValueError("No scenario with a score and a weight above 0 is left.")
    if not keep.all():
        y, design = y[keep], design.keep(keep)
    return y, design, design.omega()


def _variance_groups(strata: Codes, clusters: Codes) -> tuple[Codes, Codes, tuple[str, ...]]:
    """(N,) what scores are centred on, (N,) the groups whose clusters are compared, and notes."""
    width = int(clusters.max()) + 1
    notes = []
    pairs = np.unique(strata * width + clusters)  # each stratum with each of its clusters
    merged, singles = _merge_singles(np.bincount(pairs // width))
    if singles:
        notes.append(
            f"{singles} strata with a single cluster: merged with another for the variance."
        )
        strata = merged[strata]
        pairs = np.unique(strata * width + clusters)
    if len(pairs) == width:
        return strata, strata, tuple(notes)
    notes.append("A cluster spans strata: the variance treats all clusters as one group.")
    return strata, np.zeros_like(strata), tuple(notes)


def _merge_singles(sizes: Codes) -> tuple[Codes, int]:
    """(H,), the stratum that each stratum joins so that none has one cluster; how many had one."""
    target = np.arange(len(sizes))
    sizes = sizes.copy()
    singles = int((sizes == 1).sum()) if (sizes > 0).sum() > 1 else 0
    while (sizes == 1).any() and (sizes > 0).sum() > 1:
        single = int(np.argmax(sizes == 1))
        others = np.where((sizes > 0) & (np.arange(len(sizes)) != single), sizes, np.inf)
        smallest = int(np.argmin(others))
        target[target == single] = smallest
        sizes[smallest] += sizes[single]
        sizes[single] = 0
    return target, singles


def _variance(
    y: Floats, omega: Floats, centres: Codes, groups: Codes, clusters: Codes
) -> tuple[float, float]:
    """The cluster-linearised variance and its Satterthwaite df; NaN and 0 with one cluster."""
    # Codes without a scenario give 0/0 and are never looked up.
    shares = np.maximum(group_sums(centres, omega), np.finfo(float).tiny)
    means = group_sums(centres, omega * y) / shares
    totals = group_sums(clusters, omega * (y - means[centres]))
    group_of = np.zeros(len(totals), dtype=np.intp)
    group_of[clusters] = groups
    counts = np.bincount(group_of)
    squares = group_sums(group_of, totals**2)
    counts, squares = counts[counts > 0], squares[counts > 0]
    if counts.min() < 2:
        return float("nan"), 0.0
    parts = counts / (counts - 1) * squares
    variance = float(parts.sum())
    if variance <= NOTHING**2:
        return 0.0, float((counts - 1).sum())
    return variance, float(variance**2 / (parts**2 / (counts - 1)).sum())


def arm_mean(values: Floats, design: Design, *, alpha: float = 0.05) -> ArmEstimate:
    """The mean of one arm's (N, K) scores and its interval (STATS 2.4), K seeds averaged first.

    Where a score leaves [0, 1] (points mode) the interval is Student's, otherwise Wilson's.
    With no scored scenario the numbers are NaN; the interval is NaN with one cluster.

    Raises:
        ValueError: as `linear` does for weights and infinite scores.
    """
    y = scenario_means(values)
    if np.isnan(y).all():
        return _no_arm()
    estimate = linear(y, design)
    method: ArmMethod = "t" if np.nanmin(values) < 0 or np.nanmax(values) > 1 else "wilson"
    counts = (~np.isnan(values)).sum(axis=1)
    low, high = _arm_interval(estimate, counts[counts > 0].mean(), method, alpha)
    rerun_sd, rerun_sd_single = _rerun(values, y, design)
    return ArmEstimate(
        mean=estimate.mean,
        low=low,
        high=high,
        method=method,
        se=estimate.se,
        df=estimate.df,
        rerun_sd=rerun_sd,
        rerun_sd_single=rerun_sd_single,
        scenarios=estimate.scenarios,
        clusters=estimate.clusters,
        seeds=int(counts.max()),
        notes=estimate.notes,
    )


def _no_arm() -> ArmEstimate:
    nan = float("nan")
    return ArmEstimate(
        mean=nan,
        low=nan,
        high=nan,
        method="wilson",
        se=nan,
        df=nan,
        rerun_sd=nan,
        rerun_sd_single=nan,
        scenarios=0,
        clusters=0,
        seeds=0,
        notes=("No scenario of this arm is scored.",),
    )


def _arm_interval(
    estimate: Linear, seeds: float, method: ArmMethod, alpha: float
) -> tuple[float, float]:
    if method == "t":
        return t_interval(estimate.mean, estimate.se, estimate.df, alpha)
    return wilson(
        estimate.mean,
        estimate.se,
        estimate.clusters,
        scenarios=estimate.scenarios,
        seeds=seeds,
        alpha=alpha,
    )


def _rerun(values: Floats, means: Floats, design: Design) -> tuple[float, float]:
    """SD of the mean over fresh runs on the same scenarios: with the same seeds, with one seed.

    sqrt(sum omega_i^2 s_i^2 / K_i), s_i^2 the variance over seeds; equals sqrt(MSW/(nK)) of
    STATS 3.2 when weights and seed counts are equal. A scenario with one seed takes the pooled s^2.
    """
    keep = ~np.isnan(means) & (design.weights * design.stratum_weights[design.strata] > 0)
    values, means, omega = values[keep], means[keep], design.keep(keep).omega()
    counts = (~np.isnan(values)).sum(axis=1)
    squares = np.nansum((values - means[:, None]) ** 2, axis=1)
    repeats = counts - 1
    if not repeats.any():
        return float("nan"), float("nan")
    pooled = squares.sum() / repeats.sum()
    variances = np.divide(squares, repeats, out=np.full(len(squares), pooled), where=repeats > 0)
    return (
        float(np.sqrt((omega**2 * variances / counts).sum())),
        float(np.sqrt((omega**2 * variances).sum())),
    )
