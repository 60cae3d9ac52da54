"""P-values adjusted for how many were looked at (STATS 4.3)."""

from collections.abc import Callable, Sequence

import numpy as np

from tastemaker.stats.panel import Floats

PValues = Sequence[float | None] | Floats


def holm(p_values: PValues) -> Floats:
    """Holm's step-down p-values: the family-wise error rate is kept under any dependence.

    None or NaN means no test was made: it is left out of the family and comes back as NaN.
    """
    return _adjusted(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: PValues) -> Floats:
    """Benjamini and Hochberg's step-up p-values: the false discovery rate is kept.

    None or NaN means no test was made: it is left out of the family and comes back as NaN.
    """
    return _adjusted(
        p_values,
        lambda p: np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1],
    )


def _adjusted(p_values: PValues, adjust: Callable[[Floats], Floats]) -> Floats:
    """Adjust the p-values there are, in ascending order, and put them back in their places."""
    p = np.array(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("A p-value lies outside [0, 1].")
    ascending = tested[np.argsort(p[tested], kind="stable")]
    p[ascending] = np.minimum(adjust(p[ascending]), 1.0)
    return p
