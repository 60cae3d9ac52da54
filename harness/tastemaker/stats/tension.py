"""Two values that pull against each other, such as helpfulness and harmlessness (STATS 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from tastemaker.stats.estimates import Linear, linear
from tastemaker.stats.panel import Codes, Design, Floats
from tastemaker.stats.reported import known

Label = Literal["Pareto improvement", "Pareto regression", "trade-off", "neutral", "unresolved"]

GREEN = ("IMPROVED", "NON_INFERIOR")


@dataclass(frozen=True, kw_only=True)
class Ellipse:
    """The confidence region of the two differences together, 95 % unless asked otherwise."""

    centre: tuple[float, float]
    half_axes: tuple[float, float]
    """Half the longer axis, half the shorter."""
    angle: float
    """Of the longer axis, radians counterclockwise from the first value's axis, in [0, pi)."""


@dataclass(frozen=True, kw_only=True)
class Tension:
    """The differences of two values, candidate minus baseline, taken together."""

    label: Label
    first: float
    second: float
    covariance: Floats | None
    """(2, 2), of the two differences; None with fewer than two clusters."""
    ellipse: Ellipse | None
    """None with fewer than three clusters."""
    correlation: float | None
    """Of the two differences over what they were measured on; None when one does not vary."""
    opposed: tuple[str, ...]
    """Where the first value gained and the second lost."""
    unit: Literal["scenario", "cluster"]
    """What correlation and opposed are about: clusters when no scenario measures both (twins)."""


def label(first: str, second: str) -> Label:
    """One label for the verdicts of two values (STATS section 8)."""
    verdicts = {first, second}
    if verdicts == {"IMPROVED", "REGRESSED"}:
        return "trade-off"
    if "REGRESSED" in verdicts:
        return "Pareto regression"
    if verdicts <= set(GREEN):
        return "Pareto improvement" if "IMPROVED" in verdicts else "neutral"
    return "unresolved"


def tension(
    first: Floats,
    second: Floats,
    designs: tuple[Design, Design],
    *,
    scenarios: Sequence[str],
    verdicts: tuple[str, str],
    alpha: float = 0.05,
) -> Tension:
    """The two-axis report of one candidate (STATS section 8).

    Args:
        first: (N,), paired differences of the first value, NaN where it was not measured.
        second: (N,), of the second; twins may measure one value each, in a shared cluster.
        designs: Of the N scenarios, for each value: a scenario may weigh more for one of them. A
            code of a cluster means the same in both.
        scenarios: N names.
        verdicts: The gate's words for the two values.
        alpha: One minus the level of the ellipse.

    Raises:
        ValueError: a value was measured nowhere.
    """
    means = linear(first, designs[0]), linear(second, designs[1])
    covariance, clusters = _covariance(first, second, designs)
    clustered = designs[0].clusters
    names, d_first, d_second, unit = _measured_together(first, second, clustered, scenarios, means)
    opposed = (d_first > 0) & (d_second < 0)
    return Tension(
        label=label(*verdicts),
        first=means[0].mean,
        second=means[1].mean,
        covariance=covariance,
        ellipse=_ellipse((means[0].mean, means[1].mean), covariance, clusters, alpha),
        correlation=_correlation(d_first, d_second),
        opposed=tuple(name for name, against in zip(names, opposed, strict=True) if against),
        unit=unit,
    )


def _covariance(
    first: Floats, second: Floats, designs: tuple[Design, Design]
) -> tuple[Floats | None, int]:
    """G/(G-1) sum of Z_g Z_g' over all clusters, and G (STATS section 8); None with one cluster."""
    _, clusters = np.unique(designs[0].clusters, return_inverse=True)
    measured = ~np.isnan(first) | ~np.isnan(second)
    count = len(np.unique(clusters[measured]))
    if count < 2:
        return None, count
    residuals = np.stack(
        [
            _residual_sums(values, design, clusters)
            for values, design in zip((first, second), designs, strict=True)
        ]
    )
    covariance: Floats = count / (count - 1) * residuals @ residuals.T
    return covariance, count


def _residual_sums(y: Floats, design: Design, clusters: Codes) -> Floats:
    """(G,), Z_g: omega times y less its stratum's mean, summed over each cluster (STATS 1)."""
    measured = ~np.isnan(y)
    y, kept = y[measured], design.keep(measured)
    omega = kept.omega()
    totals = np.bincount(kept.strata, omega)
    means = np.bincount(kept.strata, omega * y) / np.where(totals > 0, totals, 1.0)
    size = int(clusters.max()) + 1
    z = omega * (y - means[kept.strata])
    return np.bincount(clusters[measured], z, minlength=size).astype(np.float64)


def _ellipse(
    centre: tuple[float, float], covariance: Floats | None, clusters: int, alpha: float
) -> Ellipse | None:
    """Hotelling's region: radius^2 = 2 (G-1)/(G-2) times the F quantile with 2 and G-2 df."""
    if covariance is None or clusters < 3:
        return None
    quantile = special.fdtri(2, clusters - 2, 1 - alpha)
    radius = np.sqrt(2 * (clusters - 1) / (clusters - 2) * quantile)
    variances, axes = np.linalg.eigh(covariance)
    lengths = radius * np.sqrt(np.maximum(variances, 0.0))
    return Ellipse(
        centre=centre,
        half_axes=(float(lengths[1]), float(lengths[0])),
        angle=float(np.arctan2(axes[1, 1], axes[0, 1]) % np.pi),
    )


def _measured_together(
    first: Floats,
    second: Floats,
    clusters: Codes,
    scenarios: Sequence[str],
    means: tuple[Linear, Linear],
) -> tuple[list[str], Floats, Floats, Literal["scenario", "cluster"]]:
    """Names and differences of what measured both: scenarios, or the clusters of twins."""
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.any():
        names = [scenarios[i] for i in np.flatnonzero(both).tolist()]
        return names, first[both], second[both], "scenario"
    shared, rows, columns = np.intersect1d(
        means[0].cluster_codes, means[1].cluster_codes, return_indices=True
    )
    # A cluster goes by the name of its first scenario.
    names = [scenarios[int(np.argmax(clusters == code))] for code in shared]
    values = [
        one.contributions[places] / one.cluster_weights[places]
        for one, places in zip(means, (rows, columns), strict=True)
    ]
    return names, values[0], values[1], "cluster"


def _correlation(first: Floats, second: Floats) -> float | None:
    if len(first) < 2 or not (np.ptp(first) > 0 and np.ptp(second) > 0):
        return None
    return known(float(np.corrcoef(first, second)[0, 1]))
