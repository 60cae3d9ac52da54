"""The comparison of a candidate with the baseline on one principle, scenario by scenario."""

from dataclasses import dataclass, replace
from math import nan, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.components import DeltaComponents, delta, training_runs
from tastemaker.stats.estimates import ArmEstimate, Linear, arm_mean, linear, scenario_means
from tastemaker.stats.intervals import Interval, Method, gaffke, ladder, t_cdf
from tastemaker.stats.panel import Design, Floats, Panel
from tastemaker.stats.permutation import MANY_FLIPS, sign_flip
from tastemaker.stats.power import design_effect, detectable_from_interval

Mask = NDArray[np.bool_]
PairedMethod = Literal["ladder", "gaffke"]
SeedKind = Literal["sampling", "training"]

MAX_MISSING = 0.05
MAX_MISSING_GAP = 0.02
RNG_SEED = 20250101


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """How a difference is estimated and tested."""

    alpha: float = 0.05
    """One minus the level of the two-sided interval."""
    method: PairedMethod = "ladder"
    seed_kind: SeedKind = "sampling"
    """What a seed repeats: the reply, or the training of the model (STATS 1)."""
    rng_seed: int = RNG_SEED
    """Of the random sign flips and of Gaffke's draws."""
    fine: bool = False
    """Whether p-values below those of 10,000 flips matter, as at early looks."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Candidate minus baseline over the scenarios that both have; NaN is: cannot be computed."""

    difference: float
    low: float
    high: float
    method: Method | None
    """How the interval was made; None when no scenario is shared."""
    test: Literal["sign_flip", "student"] = "sign_flip"
    """Where the p-values come from: exact up to 20 informative clusters, or Student's t."""
    se: float
    df: float
    p_less: float
    """One-sided, not adjusted: the candidate is no worse. NaN when no test could be made."""
    p_greater: float
    """One-sided, not adjusted: the candidate is no better."""
    scenarios: int
    clusters: int
    effective_clusters: float
    informative_clusters: int
    """Clusters whose contribution is not zero."""
    notes: tuple[str, ...] = ()

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def limits(self) -> tuple[float, float]:
        """The interval as it is shown: a difference of scores lies between -1 and 1.

        Rules take `low`, `high` and the width as they were computed.
        """
        low, high = np.clip([self.low, self.high], -1.0, 1.0).tolist()
        return low, high


@dataclass(frozen=True, kw_only=True)
class Paired(Difference):
    """All there is to know of one principle before a rule is applied."""

    principle: str
    baseline: ArmEstimate
    """On the scenarios it has scores for, whether the candidate has or not."""
    candidate: ArmEstimate
    seeds: int
    """The most seeds that a scenario was scored with, in either arm."""
    components: DeltaComponents
    design_effect: float
    """How many times clusters inflate the variance of the difference."""
    minimum_detectable_effect: float
    """The smallest true difference that data like these find with 80 % power."""
    baseline_missing: float
    """Share of the baseline's replies without a score, of those asked for: a seed that no scenario
    of an arm has was not asked for."""
    candidate_missing: float
    unscored: int
    """Replies without a score, in both arms."""
    lacking: str = "scores"
    """What the shares are of, where it is not scores alone."""
    too_much_missing: bool
    """The missingness rule of STATS 1: the verdict must be the same under both fills."""
    worst_fill: Difference | None
    """With each missing score 0 for the candidate and 1 for the baseline; None when not needed."""
    best_fill: Difference | None
    """The reverse: 1 for the candidate, 0 for the baseline."""

    @property
    def seed_share(self) -> float:
        """Share of the variance of the difference that is due to seeds, in [0, 1]; may be NaN."""
        return self.components.seed_share


def paired(
    panel: Panel,
    baseline: str,
    candidate: str,
    *,
    alpha: float = 0.05,
    method: PairedMethod = "ladder",
    seed_kind: SeedKind = "sampling",
    rng_seed: int = RNG_SEED,
    max_missing: float = MAX_MISSING,
    max_missing_gap: float = MAX_MISSING_GAP,
    arm_alpha: float | None = None,
    fine: bool = False,
) -> Paired:
    """Compare two arms of a panel on its principle (STATS 1 and 2).

    A scenario counts when both arms have at least one score for it. Where none does, or an arm is
    empty, the numbers that cannot be computed are NaN and a note says so.

    Args:
        panel: The scores of one principle.
        baseline: Name of the arm in use now.
        candidate: Name of the arm proposed; the difference is candidate minus baseline.
        alpha: One minus the level of all two-sided intervals.
        arm_alpha: The same for the arms' own means, where it is another.
        fine: Whether p-values below those of 10,000 flips matter, as at early looks.
        method: "ladder" (t, guarded or rule of three by what the data allow) or "gaffke".
        seed_kind: "training" when each seed is a model trained anew.
        rng_seed: Of everything random here; the same seed gives the same numbers.
        max_missing: Share of missing replies in an arm above which fills are computed.
        max_missing_gap: Difference of the two shares above which fills are computed.

    Raises:
        KeyError: an arm is not in the panel.
        ValueError: weights or scores are infinite or negative weights; "gaffke" with values
            outside [0, 1] or with training seeds.
    """
    base, cand, design = panel.arm(baseline), panel.arm(candidate), panel.design
    how = Comparing(alpha=alpha, method=method, seed_kind=seed_kind, rng_seed=rng_seed, fine=fine)
    arm_alpha = alpha if arm_alpha is None else arm_alpha
    difference = compare(base, cand, design, how)
    missing = _missing(base), _missing(cand)
    shares = [_missing_share(mask, design) for mask in missing]
    too_much = max(shares) > max_missing or abs(shares[0] - shares[1]) > max_missing_gap
    return Paired(
        **vars(difference),
        principle=panel.principle,
        baseline=arm_mean(base, design, alpha=arm_alpha),
        candidate=arm_mean(cand, design, alpha=arm_alpha),
        seeds=int(max((~np.isnan(arm)).sum(axis=1).max(initial=0) for arm in (base, cand))),
        components=delta(base, cand),
        design_effect=_design_effect(base, cand, design, difference),
        minimum_detectable_effect=detectable_from_interval(difference.half_width, alpha=alpha),
        baseline_missing=shares[0],
        candidate_missing=shares[1],
        unscored=sum(int(mask.sum()) for mask in missing),
        too_much_missing=too_much,
        worst_fill=compare(_fill(base, 1.0), _fill(cand, 0.0), design, how) if too_much else None,
        best_fill=compare(_fill(base, 0.0), _fill(cand, 1.0), design, how) if too_much else None,
    )


def compare(
    baseline: Floats, candidate: Floats, design: Design, how: Comparing | None = None
) -> Difference:
    """The difference of two arms' (N, K) scores with its interval and tests; K may differ."""
    how = how or Comparing()
    if how.method == "gaffke" and how.seed_kind == "training":
        raise ValueError("Gaffke's bounds do not cover training runs: use the default interval.")
    y = scenario_means(candidate) - scenario_means(baseline)
    if np.isnan(y).all():
        return _no_difference()
    estimate = linear(y, design)
    se, df, notes = estimate.se, estimate.df, estimate.notes
    if how.seed_kind == "training":
        se, df, training = _with_training(estimate, baseline, candidate, design, ~np.isnan(y))
        notes += training
    rng = np.random.default_rng(how.rng_seed)
    flips = sign_flip(estimate.contributions, rng=rng, then=MANY_FLIPS if how.fine else None)
    p_less, p_greater = flips.less, flips.greater
    if how.seed_kind == "training" and se != 0:
        # Flipping clusters says nothing about runs; only the t statistic carries their noise.
        p_less = t_cdf(estimate.mean / se, df)
        p_greater = 1 - p_less
    interval = _interval(estimate, se, df, how, rng)
    return Difference(
        difference=estimate.mean,
        low=interval.low,
        high=interval.high,
        method=interval.method,
        test="student" if how.seed_kind == "training" else "sign_flip",
        se=se,
        df=df,
        p_less=p_less,
        p_greater=p_greater,
        scenarios=estimate.scenarios,
        clusters=estimate.clusters,
        effective_clusters=estimate.effective_clusters,
        informative_clusters=estimate.informative_clusters,
        notes=notes,
    )


def _no_difference() -> Difference:
    return Difference(
        difference=nan,
        low=nan,
        high=nan,
        method=None,
        se=nan,
        df=nan,
        p_less=nan,
        p_greater=nan,
        scenarios=0,
        clusters=0,
        effective_clusters=0.0,
        informative_clusters=0,
        notes=("No scenario is scored in both arms.",),
    )


def _interval(
    estimate: Linear, se: float, df: float, how: Comparing, rng: np.random.Generator
) -> Interval:
    if how.method == "gaffke":
        low, high = gaffke(
            estimate.contributions, estimate.cluster_weights, rng=rng, alpha=how.alpha
        )
        return Interval(low=low, high=high, method="gaffke")
    if np.isnan(se) and how.seed_kind == "training":
        return Interval(low=nan, high=nan, method="t")
    return ladder(
        estimate.mean,
        se,
        df,
        estimate.effective_clusters,
        informative_clusters=estimate.informative_clusters,
        alpha=how.alpha,
    )


def _with_training(
    estimate: Linear, baseline: Floats, candidate: Floats, design: Design, shared: Mask
) -> tuple[float, float, tuple[str, ...]]:
    """SE and df with the noise of both arms' training runs added, and a note (STATS 1).

    Satterthwaite's df: the clusters with theirs, each arm's runs with K - 1.
    """
    omega = design.keep(shared).omega()
    runs = [training_runs(arm[shared], omega) for arm in (baseline, candidate)]
    variances = [estimate.se**2, *(run.mean_variance for run in runs)]
    dfs = [estimate.df, *(run.runs - 1 for run in runs)]
    total = sum(variances)
    if np.isnan(total):
        return nan, nan, ("Fewer than two complete training runs, or one cluster: no error.",)
    if total == 0:
        return 0.0, estimate.df, ()
    terms = sum(part**2 / df for part, df in zip(variances, dfs, strict=True) if part > 0)
    share = (total - variances[0]) / total
    note = f"Training runs make up {share:.0%} of the variance of the difference."
    return sqrt(total), total**2 / terms, (note,)


def _missing(values: Floats) -> Mask:
    """(N, seeds asked for), where a score should be and is not."""
    return np.isnan(_asked(values))


def missing(values: Floats, design: Design) -> tuple[int, float]:
    """How many of an arm's (N, K) scores are missing, of those asked for, and their share.

    The share is the larger of that of the replies and that of the weight they stand for (STATS 1).
    """
    mask = _missing(values)
    return int(mask.sum()), _missing_share(mask, design)


def _missing_share(mask: Mask, design: Design) -> float:
    """Of the replies, and of the weight they stand for: the larger of the two."""
    if not mask.size:
        return 1.0
    return float(max(mask.mean(), (design.omega() * mask.mean(axis=1)).sum()))


def _fill(values: Floats, score: float) -> Floats:
    """The scores with every missing one set to the given score."""
    asked = _asked(values)
    return np.where(np.isnan(asked), score, asked)


def _asked(values: Floats) -> Floats:
    """The columns of the seeds that were asked for: all of them where nothing came back."""
    asked = ~np.isnan(values).all(axis=0)
    return values[:, asked] if asked.any() else values


def _design_effect(
    baseline: Floats, candidate: Floats, design: Design, difference: Difference
) -> float:
    if difference.scenarios == 0:
        return nan
    alone = replace(design, clusters=np.arange(len(design.clusters)))
    y = scenario_means(candidate) - scenario_means(baseline)
    return design_effect(linear(y, design).se, linear(y, alone).se)
