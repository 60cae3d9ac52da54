"""Where the variance comes from: between scenarios, between seeds, the judge, the training run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.estimates import scenario_means
from tastemaker.stats.panel import Floats

SEEDS_DOMINATE = 0.5
SCENARIOS_DOMINATE = 0.2


@dataclass(frozen=True, kw_only=True)
class Components:
    """One arm's variance, scenarios x seeds (STATS 3.1); NaN where it cannot be estimated."""

    mean: float
    se: float
    """Standard error of the mean over scenarios, without clusters or weights."""
    between_ms: float
    """MSB, the mean square between scenarios."""
    within_ms: float
    """MSW, the mean square within scenarios: the variance of one reply to one scenario."""
    between_variance: float
    """sigma^2_b, at least 0."""
    icc_single: float
    """ICC(1): how far one seed tells scenarios apart."""
    icc_mean: float
    """ICC(1, K): how far the mean over the seeds does."""
    rerun_sd: float
    """How far a fresh run with as many seeds, on the same scenarios, moves the mean."""
    rerun_sd_single: float
    """The same for one seed; the pooled, less noisy estimate of what `seed_sd` estimates."""
    seed_sd: float
    """SD over the seeds of their overall scores; not a standard error (STATS 3.2)."""
    judge_share: float
    """Share of the within mean square that is the judge's own noise; NaN when not measured."""
    scenarios: int
    seeds: int


@dataclass(frozen=True, kw_only=True)
class DeltaComponents:
    """Where the variance of the scenario differences comes from (STATS 3.1)."""

    difference_variance: float
    """s^2_d, over scenarios."""
    baseline_variance: float
    """sigma^2_A: the baseline's mean square within scenarios."""
    candidate_variance: float
    """sigma^2_B."""
    true_variance: float
    """omega^2: how much the true differences vary over scenarios, at least 0."""
    seed_share_raw: float
    """phi as estimated; may pass 1. NaN without repeats or without any difference."""
    scenarios: int

    @property
    def seed_share(self) -> float:
        """The seed share phi in [0, 1]: what more seeds would shrink."""
        return float(np.clip(self.seed_share_raw, 0.0, 1.0))

    @property
    def seed_noise(self) -> float:
        """sigma^2_A + sigma^2_B, of one seed each."""
        return self.baseline_variance + self.candidate_variance


@dataclass(frozen=True, kw_only=True)
class TrainingRuns:
    """The variance that K separately trained models add to a mean (STATS 1, `seed_kind`)."""

    run_variance: float
    """sigma^2_run, at least 0; NaN when fewer than two runs or scenarios are complete."""
    runs: int

    @property
    def mean_variance(self) -> float:
        """What the runs add to the variance of the mean: sigma^2_run / K."""
        return self.run_variance / self.runs if self.runs else float("nan")


def one_arm(values: Floats, *, judge_variance: float | None = None) -> Components:
    """Split the variance of one arm's (N, K) scores into scenarios and seeds (STATS 3.1).

    One-way random effects; with unequal seed counts K is the usual n0 of that analysis.
    `judge_variance` is the mean variance of judging one reply again (STATS 6.4).
    """
    values = values[~np.isnan(values).all(axis=1)]
    means, counts = scenario_means(values), (~np.isnan(values)).sum(axis=1)
    scenarios = len(values)
    within = within_mean_square(values)
    between, usual = _between(means, counts)
    variance = max(0.0, (between - within) / usual) if usual > 0 else float("nan")
    return Components(
        mean=_ratio(means.sum(), scenarios),
        se=float(np.sqrt(_ratio(means.var(ddof=1), scenarios))) if scenarios > 1 else float("nan"),
        between_ms=between,
        within_ms=within,
        between_variance=variance,
        icc_single=_ratio(variance, variance + within),
        icc_mean=_ratio(between - within, between),
        rerun_sd=_ratio(np.sqrt(within * (1 / counts).sum()), scenarios),
        rerun_sd_single=float(np.sqrt(_ratio(within, scenarios))),
        seed_sd=_seed_sd(values, means),
        judge_share=_judge_share(judge_variance, within),
        scenarios=scenarios,
        seeds=int(counts.max(initial=0)),
    )


def delta(baseline: Floats, candidate: Floats) -> DeltaComponents:
    """Split the variance of scenario differences into true differences and seeds (STATS 3.1).

    Both (N, K), the seed counts free; scenarios that an arm has no score for are left out.
    """
    both = ~np.isnan(baseline).all(axis=1) & ~np.isnan(candidate).all(axis=1)
    baseline, candidate = baseline[both], candidate[both]
    differences = scenario_means(candidate) - scenario_means(baseline)
    variance = float(differences.var(ddof=1)) if len(differences) > 1 else float("nan")
    noise_a, noise_b = within_mean_square(baseline), within_mean_square(candidate)
    noise = noise_a * _mean_inverse_seeds(baseline) + noise_b * _mean_inverse_seeds(candidate)
    return DeltaComponents(
        difference_variance=variance,
        baseline_variance=noise_a,
        candidate_variance=noise_b,
        true_variance=float(np.maximum(0.0, variance - noise)),
        seed_share_raw=_ratio(noise, variance),
        scenarios=int(both.sum()),
    )


def advice(seed_share: float) -> str:
    """What the seed share says about more seeds or more scenarios (STATS 3.3)."""
    if np.isnan(seed_share):
        return "No repeats, or no difference: more seeds or more scenarios cannot be told apart."
    if seed_share > SEEDS_DOMINATE:
        saved = min(seed_share, 1.0) / 2
        return f"Seeds dominate: doubling the seeds cuts the variance by {saved:.0%}."
    if seed_share >= SCENARIOS_DOMINATE:
        return "Mixed: more seeds and more scenarios both help."
    return "Only more scenarios help."


def training_runs(values: Floats, omega: Floats) -> TrainingRuns:
    """The run-to-run variance of (N, K) scores whose columns are separately trained models.

    Two-way analysis of variance over the scenarios that every run has a score for (STATS 1);
    with omega (N,), the share of each scenario in the mean, 1/N it is (MS_run - MS_res)/n.
    """
    values = values[:, ~np.isnan(values).all(axis=0)]
    complete = ~np.isnan(values).any(axis=1) & (omega > 0)
    values, omega = values[complete], omega[complete]
    scenarios, runs = values.shape
    if scenarios < 2 or runs < 2:
        return TrainingRuns(run_variance=float("nan"), runs=runs)
    omega = omega / omega.sum()
    residuals = values - values.mean(axis=1, keepdims=True)
    residuals = residuals - residuals.mean(axis=0)
    residual_ms = (residuals**2).sum() / ((scenarios - 1) * (runs - 1))
    run_means = omega @ values
    variance = run_means.var(ddof=1) - residual_ms * (omega**2).sum()
    return TrainingRuns(run_variance=max(0.0, float(variance)), runs=runs)


def within_mean_square(values: Floats) -> float:
    """MSW of (N, K) scores: the variance over seeds, pooled over scenarios; NaN without repeats."""
    present = ~np.isnan(values)
    repeats = present.sum() - present.any(axis=1).sum()
    squares = np.nansum((values - scenario_means(values)[:, None]) ** 2)
    return _ratio(squares, repeats)


def _between(means: Floats, counts: NDArray[np.intp]) -> tuple[float, float]:
    """The mean square between scenarios, and the usual number of seeds (n0)."""
    scenarios, scores = len(means), counts.sum()
    if scenarios < 2:
        return float("nan"), float("nan")
    grand = (counts * means).sum() / scores
    square = (counts * (means - grand) ** 2).sum() / (scenarios - 1)
    return float(square), float((scores - (counts**2).sum() / scores) / (scenarios - 1))


def _seed_sd(values: Floats, means: Floats) -> float:
    """SD over seeds of the mean over scenarios.

    Taken after each scenario's own mean is removed: the same where nothing is missing, and where
    something is, a seed does not look better for having missed the hard scenarios.
    """
    by_seed = scenario_means((values - means[:, None]).T)
    by_seed = by_seed[~np.isnan(by_seed)]
    return float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")


def _judge_share(judge_variance: float | None, within: float) -> float:
    if judge_variance is None:
        return float("nan")
    return float(np.clip(_ratio(judge_variance, within), 0.0, 1.0))


def _mean_inverse_seeds(values: Floats) -> float:
    """The mean of 1/K over scenarios: what averaging over seeds leaves of their variance."""
    counts = (~np.isnan(values)).sum(axis=1)
    return _ratio((1 / counts).sum(), len(counts))


def _ratio(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0 else float("nan")
