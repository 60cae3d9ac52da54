"""The cluster bootstrap: whole clusters drawn again, inside their strata."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tastemaker.stats.estimates import NOTHING
from tastemaker.stats.panel import Codes, Design, Floats
from tastemaker.stats.reported import Estimate, known, with_limits

IN_MEMORY = 1_000_000
"""Weights of rows held in memory at once."""
DRAWS = 2000
"""STATS section 8."""
UNDEFINED_SHARE = 0.1
"""With more resamples than this in which the statistic is undefined there is no interval."""


@dataclass(frozen=True, kw_only=True)
class Resamples:
    """B bootstrap samples of the G clusters of N rows, as the times each cluster was drawn."""

    clusters: Codes
    """(N,), codes 0..G-1."""
    counts: Floats
    """(B, G); as many clusters are drawn in each stratum as it has."""

    def totals(self, values: Floats) -> Floats:
        """(N, ...) values of the rows, to (B, ...): their sums over each resample."""
        sums = np.zeros((self.counts.shape[1], *values.shape[1:]))
        np.add.at(sums, self.clusters, values)
        flat = self.counts @ sums.reshape(len(sums), math.prod(values.shape[1:]))
        return flat.reshape(len(flat), *values.shape[1:])

    def chunks(self) -> Iterator[Floats]:
        """(b, N) parts of how often each row stands in each resample, together (B, N).

        For statistics that are no function of sums; the whole might not fit in memory.
        """
        step = max(1, IN_MEMORY // max(1, len(self.clusters)))
        for start in range(0, len(self.counts), step):
            yield self.counts[start : start + step, self.clusters]

    def estimate(self, value: float, draws: Floats, *, alpha: float = 0.05) -> Estimate:
        """A statistic with its percentile interval; draws holds its (B,) values, NaN undefined.

        A statistic that no resample moves has no interval: near a bound the sample merely lacks
        the case that would move it, and an interval of width 0 would claim certainty.
        """
        defined = draws[np.isfinite(draws)]
        enough = len(defined) >= (1 - UNDEFINED_SHARE) * len(draws)
        if known(value) is None or not enough or np.ptp(defined) < NOTHING:
            return with_limits(value, (np.nan, np.nan))
        low, high = np.quantile(defined, [alpha / 2, 1 - alpha / 2])
        return with_limits(value, (low, high))


def resample(
    clusters: Codes,
    rng: np.random.Generator,
    *,
    strata: Codes | None = None,
    draws: int = DRAWS,
) -> Resamples:
    """Draw whole clusters with replacement, as many as each stratum has (STATS sections 7 and 8).

    As in the variance of STATS section 1, clusters that span strata make one group of all, and a
    stratum with a single cluster, which alone could not vary, joins the smallest other.
    """
    codes, rows = np.unique(clusters, return_inverse=True)
    groups = _cluster_groups(rows, strata, len(codes))
    counts = np.zeros((draws, len(codes)))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        shares = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), shares, size=draws)
    return Resamples(clusters=rows.astype(np.intp), counts=counts)


def one_stratum(clusters: Codes) -> Design:
    """The design of items that were drawn as clusters, with equal weights and no strata."""
    size = len(clusters)
    return Design(
        strata=np.zeros(size, dtype=np.intp),
        stratum_weights=np.ones(1),
        clusters=clusters,
        weights=np.ones(size),
    )


def _cluster_groups(rows: Codes, strata: Codes | None, clusters: int) -> Codes:
    """(G,), the group that each cluster is drawn in."""
    one_group = np.zeros(clusters, dtype=np.intp)
    if strata is None:
        return one_group
    groups = one_group.copy()
    groups[rows] = strata
    if (groups[rows] != strata).any():
        return one_group
    names, sizes = np.unique(groups, return_counts=True)
    if (sizes > 1).any():
        smallest = names[sizes > 1][np.argmin(sizes[sizes > 1])]
        return np.where(np.isin(groups, names[sizes == 1]), smallest, groups)
    return one_group
