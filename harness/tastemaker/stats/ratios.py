"""The ratio of two means over the same scenarios, with Fieller's interval."""

import math

import numpy as np

from tastemaker.stats.estimates import Linear, linear
from tastemaker.stats.intervals import t_quantile
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import UNKNOWN, Estimate, with_limits


def ratio_of_means(top: Floats, bottom: Floats, design: Design, *, alpha: float = 0.05) -> Estimate:
    """Mean of top over mean of bottom, each estimated as in STATS section 1.

    Fieller's interval: the ratios r that a t test of mean(top - r bottom) = 0 does not reject, the
    variance clustered. All None unless the bottom is established to be above 0 at this level: a
    ratio to what may be nothing says nothing, and its interval would have no end.

    Args:
        top: (N,), NaN missing; scenarios that lack one of the two are left out.
        bottom: (N,), the same.
        design: Of the scenarios.
        alpha: One minus the level of the two-sided interval.
    """
    shared = ~np.isnan(top) & ~np.isnan(bottom)
    if not shared.any():
        return UNKNOWN
    top, bottom, design = top[shared], bottom[shared], design.keep(shared)
    a, b = linear(top, design), linear(bottom, design)
    t = t_quantile(1 - alpha / 2, b.df)
    if not b.mean - t * b.se > 0:
        return UNKNOWN
    covariance = _correlation(top, a, bottom, b, design) * a.se * b.se
    lead = b.mean**2 - t**2 * b.se**2
    middle = a.mean * b.mean - t**2 * covariance
    last = a.mean**2 - t**2 * a.se**2
    root = math.sqrt(max(0.0, middle**2 - lead * last))
    if root == 0:  # no variance at all: nothing says how sure the ratio is
        return with_limits(a.mean / b.mean, (math.nan, math.nan))
    return with_limits(a.mean / b.mean, ((middle - root) / lead, (middle + root) / lead))


def _correlation(top: Floats, a: Linear, bottom: Floats, b: Linear, design: Design) -> float:
    """Of the two means; from the variance of their sum in units of their errors, 2 + 2 rho."""
    if not (a.se > 0 and b.se > 0):
        return 0.0
    rho = linear(top / a.se + bottom / b.se, design).se ** 2 / 2 - 1
    return float(np.clip(rho, -1.0, 1.0))
