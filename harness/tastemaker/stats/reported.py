"""Numbers as a report shows them: a value with its interval, None for what is not known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tastemaker.stats.estimates import Linear, linear
from tastemaker.stats.intervals import ladder, t_interval
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.permutation import sign_flip


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval."""

    value: float | None
    """None when it cannot be computed."""
    low: float | None
    high: float | None
    """None when the data cannot say how sure the value is: one cluster, or nothing varies."""

    def excludes(self, point: float) -> bool:
        """True when there is an interval and it lies wholly on one side of the point."""
        return self.low is not None and self.high is not None and not self.low <= point <= self.high


UNKNOWN = Estimate(value=None, low=None, high=None)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The mean of one number per scenario that is 0 when nothing changed, with its tests."""

    estimate: Estimate
    p_less: float | None
    """Sign-flip p-value against a mean below zero; None without any scenario."""
    p_greater: float | None
    scenarios: int
    clusters: int
    informative_clusters: int
    """Clusters with a contribution that is not zero."""
    notes: tuple[str, ...] = ()


NOT_COMPARED = Change(
    estimate=UNKNOWN,
    p_less=None,
    p_greater=None,
    scenarios=0,
    clusters=0,
    informative_clusters=0,
    notes=("No scenario is left to compare.",),
)


def known(number: float) -> float | None:
    """The number, or None where it is NaN or infinite."""
    return float(number) if math.isfinite(number) else None


def divide(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """The quotient, broadcast; NaN where the bottom is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(top, dtype=np.float64), bottom)
    quotient: Floats = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0)
    return quotient


def with_limits(value: float, limits: tuple[float, float]) -> Estimate:
    """An estimate from plain numbers; limits of which one is not finite are both None."""
    low, high = known(limits[0]), known(limits[1])
    if low is None or high is None:
        low = high = None
    return Estimate(value=known(value), low=low, high=high)


def student(estimate: Linear, alpha: float = 0.05) -> Estimate:
    """Student's interval across clusters, for numbers without a bound (STATS section 2.1)."""
    if not estimate.se > 0:
        return with_limits(estimate.mean, (math.nan, math.nan))
    limits = t_interval(estimate.mean, estimate.se, estimate.df, alpha)
    return with_limits(estimate.mean, limits)


def laddered(estimate: Linear, alpha: float = 0.05, *, limit: float = 1.0) -> Estimate:
    """The ladder's interval, for differences on [-limit, limit] (STATS section 0, decision 3).

    It does not leave that range, which Student's would where the clusters are few.
    """
    interval = ladder(
        estimate.mean / limit,
        estimate.se / limit,
        estimate.df,
        estimate.effective_clusters,
        informative_clusters=estimate.informative_clusters,
        alpha=alpha,
    )
    low, high = np.clip([interval.low, interval.high], -1.0, 1.0).tolist()
    return with_limits(estimate.mean, (low * limit, high * limit))


def change(
    y: Floats,
    design: Design,
    rng: np.random.Generator,
    *,
    limit: float | None = 1.0,
    alpha: float = 0.05,
) -> Change:
    """Interval and sign-flip test of the mean of (N,) differences, NaN missing (STATS 2.1).

    Args:
        y: Differences of scores.
        design: Of the N scenarios.
        rng: For the random sign flips.
        limit: They lie in [-limit, limit] and take the ladder's interval; None for numbers without
            a bound, which a guard could not use: they take Student's.
        alpha: One minus the level of the interval.
    """
    if np.isnan(y).all():
        return NOT_COMPARED
    found = linear(y, design)
    flips = sign_flip(found.contributions, rng=rng)
    return Change(
        estimate=student(found, alpha) if limit is None else laddered(found, alpha, limit=limit),
        p_less=flips.less,
        p_greater=flips.greater,
        scenarios=found.scenarios,
        clusters=found.clusters,
        informative_clusters=found.informative_clusters,
        notes=found.notes,
    )
