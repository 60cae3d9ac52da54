"""Did the arm act when it should? Refusing, opening a canvas, calling a tool (STATS 8)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tastemaker.stats.estimates import scenario_means
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import Estimate, known
from tastemaker.stats.resample import resample

Bools = NDArray[np.bool_]

FEWEST_CLUSTERS = 6
"""With fewer no change is claimed, as in the gate (STATS section 4.1)."""


@dataclass(frozen=True, kw_only=True)
class Discrimination:
    """How well one arm tells the scenarios that call for an act from those that do not."""

    dprime: float | None
    criterion: float | None
    """c: above 0 the arm is reluctant, below 0 eager."""
    se: float | None
    """Of d' (the log-linear approximation), as if every scenario were its own cluster."""
    hits: float
    """Over the scenarios that call for the act; a scenario counts its share of seeds."""
    signals: int
    false_alarms: float
    """Over the scenarios that do not."""
    noises: int


@dataclass(frozen=True, kw_only=True)
class DiscriminationChange:
    """Candidate against baseline on the scenarios that both answered."""

    baseline: Discrimination
    candidate: Discrimination
    dprime: Estimate
    """Difference of d', candidate minus baseline."""
    criterion: Estimate
    """Difference of c, candidate minus baseline."""
    clusters: int
    message: str


def discrimination(acted: Floats, called_for: Bools) -> Discrimination:
    """How well one arm discriminates, d', and how readily it acts, c (STATS section 8).

    Args:
        acted: (N, K), 1 where the arm acted, 0 where not, NaN missing; seeds are averaged first.
        called_for: (N,), whether the scenario calls for the act.
    """
    y = scenario_means(acted)
    counts = _detection_counts(y, called_for).sum(axis=0)
    dprime, criterion, variance = signal_detection(*counts)
    return Discrimination(
        dprime=known(float(dprime)),
        criterion=known(float(criterion)),
        se=known(float(np.sqrt(variance))),
        hits=float(counts[0]),
        signals=int(counts[1]),
        false_alarms=float(counts[2]),
        noises=int(counts[3]),
    )


def _detection_counts(y: Floats, called_for: Bools) -> Floats:
    """(N, 4): hits, signals, false alarms, noises of each scenario; 0 where it was not answered."""
    answered = ~np.isnan(y)
    act = np.where(answered, y, 0.0)
    signal, noise = called_for & answered, ~called_for & answered
    return np.column_stack([act * signal, signal, act * noise, noise])


def signal_detection(
    hits: Floats, signals: Floats, false_alarms: Floats, noises: Floats
) -> tuple[Floats, Floats, Floats]:
    """d', criterion and Var(d'), with half a count added (log-linear, STATS section 8).

    Arrays of any one shape; NaN where there is no signal or no noise.
    """
    either = (np.asarray(signals) > 0) & (np.asarray(noises) > 0)
    signals = np.where(either, signals, np.nan)
    noises = np.where(either, noises, np.nan)
    hit_rate = (hits + 0.5) / (signals + 1)
    false_rate = (false_alarms + 0.5) / (noises + 1)
    z_hit, z_false = special.ndtri(hit_rate), special.ndtri(false_rate)
    variance = _probit_variance(hit_rate, z_hit, signals)
    variance = variance + _probit_variance(false_rate, z_false, noises)
    return z_hit - z_false, -(z_hit + z_false) / 2, variance


def _probit_variance(share: Floats, z: Floats, items: Floats) -> Floats:
    density_squared = np.exp(-(z**2)) / (2 * np.pi)
    variance: Floats = share * (1 - share) / (items * density_squared)
    return variance


def discrimination_change(
    baseline: Floats,
    candidate: Floats,
    called_for: Bools,
    design: Design,
    rng: np.random.Generator,
    *,
    too_often: str = "false alarms",
    too_rarely: str = "misses",
) -> DiscriminationChange:
    """Compare two arms by a bootstrap of whole clusters, so that twins stay together (STATS 8).

    Args:
        baseline: (N, K), as `discrimination` takes it.
        candidate: (N, K); a scenario that one arm did not answer is left out for both.
        called_for: (N,), whether the scenario calls for the act.
        design: Of the scenarios; its weights are not used, its strata and clusters are.
        rng: Where the resamples are drawn from.
        too_often: Acting where it is not called for, in words: "over-refusal".
        too_rarely: Not acting where it is called for: "under-refusal".
    """
    means = [scenario_means(baseline), scenario_means(candidate)]
    both = ~np.isnan(means[0]) & ~np.isnan(means[1])
    called_for, design = called_for[both], design.keep(both)
    draws = resample(design.clusters, rng, strata=design.strata)
    counts = [_detection_counts(y[both], called_for) for y in means]
    points = [signal_detection(*c.sum(axis=0)) for c in counts]
    resampled = [signal_detection(*draws.totals(c).T) for c in counts]
    changes = [
        draws.estimate(float(points[1][i] - points[0][i]), resampled[1][i] - resampled[0][i])
        for i in range(2)
    ]
    clusters = draws.counts.shape[1]
    return DiscriminationChange(
        baseline=discrimination(baseline[both], called_for),
        candidate=discrimination(candidate[both], called_for),
        dprime=changes[0],
        criterion=changes[1],
        clusters=clusters,
        message=_change_message(changes[0], changes[1], clusters, too_often, too_rarely),
    )


def _change_message(
    dprime: Estimate, criterion: Estimate, clusters: int, too_often: str, too_rarely: str
) -> str:
    if dprime.value is None:
        return "not known: one of the two kinds of scenario has no answers"
    if clusters < FEWEST_CLUSTERS:
        return f"not known: {clusters} clusters, at least {FEWEST_CLUSTERS} are needed"
    said = []
    if dprime.excludes(0):
        said.append(f"discrimination changed: {'better' if dprime.value > 0 else 'worse'}")
    if criterion.value is not None and criterion.excludes(0):
        less, more = (too_often, too_rarely) if criterion.value > 0 else (too_rarely, too_often)
        said.append(f"the dial moved: traded {less} for {more}")
    return "; ".join(said) or "no change established"
