"""Sign-flip tests: were nothing changed, each cluster's difference could have had either sign."""

from dataclasses import dataclass
from math import exp

import numpy as np

from tastemaker.stats.estimates import NOTHING
from tastemaker.stats.panel import Floats

EXACT_UP_TO = 20
"""Informative clusters whose 2^m sign vectors are all counted."""
FLIPS = 10_000
MANY_FLIPS = 1_000_000
"""What the small levels of early looks need (STATS 5), where 10,000 flips reach nothing."""
TIE = 1e-12
"""Sums this close, as a share of their scale, differ by rounding only and count as equal."""
IN_MEMORY = 2_000_000
"""Flipped sums held in memory at once."""
MANY_COLUMNS = 100
"""From here on a matrix product is quicker than looking sums up."""
BYTE_SIGNS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) * 2.0 - 1.0
"""(256, 8), the eight signs that a random byte stands for."""


@dataclass(frozen=True, kw_only=True)
class SignFlip:
    """P-values of a sign-flip test; with no informative cluster all are 1."""

    less: float
    """One-sided, against a mean below zero."""
    greater: float
    """One-sided, against a mean above zero."""
    two_sided: float
    informative_clusters: int
    exact: bool
    """Whether all sign vectors were counted, rather than random ones."""


def sign_flip(
    contributions: Floats,
    *,
    rng: np.random.Generator,
    flips: int = FLIPS,
    then: int | None = None,
) -> SignFlip:
    """The sign-flip test of (G,) cluster contributions (STATS 2.1).

    Exact up to 20 informative clusters (McNemar's exact test where scores are 0 or 1, with one
    seed and no clusters); above, (1 + count) / (1 + flips) over random flips. So p is at least
    2^-m or 1 / (1 + flips).

    Where no random flip reaches one side, `then` draws so many anew for the final p-values. That
    keeps the test valid: a p-value below 1 / (1 + flips) rests on the new flips alone. Where these
    do not reach it either, Hoeffding's bound of the same probability stands in if it is smaller.
    """
    values = contributions[np.abs(contributions) > NOTHING]
    exact = len(values) <= EXACT_UP_TO
    values = _by_size(values[:, None])[:, 0]
    less, greater = _exact(values) if exact else _sampled(values, rng, flips)
    if then is not None and not exact and min(less, greater) * (1 + flips) < 2:
        sampled, bounds = _sampled(values, rng, then), _bounds(values)
        less, greater = (
            min(p, bound) if p * (1 + then) < 2 else p
            for p, bound in zip(sampled, bounds, strict=True)
        )
    return SignFlip(
        less=less,
        greater=greater,
        two_sided=min(1.0, 2 * min(less, greater)),
        informative_clusters=len(values),
        exact=exact,
    )


def max_t(contributions: Floats, *, rng: np.random.Generator, flips: int = FLIPS) -> Floats:
    """(M,) joint one-sided p-values against a decline of (G, M) contributions (STATS 4.3).

    Westfall and Young: every column gets the same flips, so their correlation is kept, and each is
    compared with the lowest studentised sum of all. Rows are clusters; a cluster that a column
    does not have contributes 0. For a rise, pass the negated contributions. A column of zeros
    gets 1.
    """
    scale = np.sqrt((contributions**2).sum(axis=0))
    tested = scale > NOTHING
    p_values = np.ones(len(scale))
    if not tested.any():
        return p_values
    units = _by_size(contributions[:, tested] / scale[tested])
    step = max(1, IN_MEMORY // units.shape[1])
    lowest = np.sort(
        np.concatenate(
            [
                flipped_sums(units, rng=rng, flips=min(step, flips - done)).min(axis=1)
                for done in range(0, flips, step)
            ]
        )
    )
    tie = TIE * np.abs(units).sum(axis=0)
    reached = np.searchsorted(lowest, units.sum(axis=0) + tie, side="right")
    p_values[tested] = (1 + reached) / (1 + flips)
    return p_values


def flipped_sums(values: Floats, *, rng: np.random.Generator, flips: int = FLIPS) -> Floats:
    """(flips, M), the column sums of (G, M) values under random signs, shared by the columns.

    Eight rows at a time: of few columns the 256 possible sums are computed once and looked up by
    random bytes; for many the signs themselves are multiplied.
    """
    starts = range(0, len(values), 8)
    if values.shape[1] > MANY_COLUMNS:
        drawn = [rng.integers(256, size=flips, dtype=np.uint8) for _ in starts]
        signs = np.concatenate([BYTE_SIGNS.take(bytes_, axis=0) for bytes_ in drawn], axis=1)
        products: Floats = signs[:, : len(values)] @ values
        return products
    sums = np.zeros((flips, values.shape[1]))
    for start in starts:
        rows = values[start : start + 8]
        possible = BYTE_SIGNS[:, : len(rows)] @ rows
        sums += possible.take(rng.integers(256, size=flips, dtype=np.uint8), axis=0)
    return sums


def _exact(values: Floats) -> tuple[float, float]:
    """P(sum <= total) and P(sum >= total) over all sign vectors.

    The sums of all vectors are those of the first half plus those of the second half.
    """
    magnitudes, total = np.abs(values), float(values.sum())
    tie = TIE * float(magnitudes.sum())
    half = len(values) // 2
    first, second = _all_sums(magnitudes[:half]), np.sort(_all_sums(magnitudes[half:]))
    vectors = len(first) * len(second)
    below = np.searchsorted(second, total + tie - first, side="right").sum()
    # The distribution is symmetric: as many sums reach the total as stay under its negative.
    above = np.searchsorted(second, -total + tie - first, side="right").sum()
    return float(below / vectors), float(above / vectors)


def _all_sums(magnitudes: Floats) -> Floats:
    """(2^m,), the sums of m magnitudes under every choice of signs."""
    sums = np.zeros(1)
    for magnitude in magnitudes:
        sums = np.concatenate([sums - magnitude, sums + magnitude])
    return sums


def _by_size(rows: Floats) -> Floats:
    """(G, M) rows by size, so that which cluster stands first in a table changes no p-value."""
    return rows[np.lexsort((rows[:, 0], np.abs(rows).sum(axis=1)))]


def _sampled(values: Floats, rng: np.random.Generator, flips: int) -> tuple[float, float]:
    """The same shares among random sign vectors."""
    sums = flipped_sums(values[:, None], rng=rng, flips=flips)[:, 0]
    total, tie = float(values.sum()), TIE * float(np.abs(values).sum())
    less = (1 + np.count_nonzero(sums <= total + tie)) / (1 + flips)
    greater = (1 + np.count_nonzero(sums >= total - tie)) / (1 + flips)
    return float(less), float(greater)


def _bounds(values: Floats) -> tuple[float, float]:
    """Hoeffding: a sum with random signs is below -t with a chance of at most exp(-t^2 / 2 V).

    V is the sum of squares. 1 on the side where the sum does not lie.
    """
    total, squares = float(values.sum()), float((values**2).sum())
    bound = exp(-(total**2) / (2 * squares))
    return (bound, 1.0) if total < 0 else (1.0, bound)
