"""Is the comparison sound? Headroom, overfitting, formats, contamination (STATS 9.1 to 9.4)."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import special

from tastemaker.stats.estimates import Linear, linear, scenario_means
from tastemaker.stats.intervals import t_cdf, t_interval, t_quantile
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import UNKNOWN, Change, Estimate, change, with_limits

BASELINE_AT_MOST = 0.8


# ---- 9.1 headroom ----


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """Whether the baseline leaves room for a better arm to show."""

    must_fail: bool
    """The baseline's upper limit is at or below the level asked for."""
    saturated: bool
    """What is left above the baseline is too little to show."""
    room: float
    """1 minus the baseline's lower limit."""


def headroom(
    low: float,
    high: float,
    minimum_detectable_effect: float,
    *,
    at_most: float = BASELINE_AT_MOST,
) -> Headroom:
    """Room above the prompted baseline, whose score has the 95 % limits low and high (STATS 9.1).

    Saturated when 1 - low < max(2 MDE, 0.10). Neither speaks against a REGRESSED or NON_INFERIOR.
    Limits that are NaN, not known, grant no headroom and claim no saturation; an effect that is NaN
    counts as none.
    """
    return Headroom(
        must_fail=high <= at_most,
        saturated=bool(1 - low < np.fmax(2 * minimum_detectable_effect, 0.10)),
        room=1 - low,
    )


def criterion_flag(low: float, high: float) -> str | None:
    """What a criterion's 95 % limits for the baseline say against it (STATS 9.1); None nothing."""
    if low > 0.95:
        return "does not discriminate: nearly every reply meets it"
    if high < 0.05:
        return "nearly no reply meets it: too hard, or the grader is broken"
    return None


# ---- 9.2 dev against held-out ----


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How much more was gained where prompts and rubrics were tuned."""

    gap: Estimate
    """Difference on dev minus difference on held-out, with its two-sided interval."""
    t: float | None
    df: float | None
    p_value: float | None
    """Two-sided."""
    overfit: bool
    """The one-sided 95 % lower bound lies above 0."""
    minimum_detectable: float | None
    """The gap found with 80 % power, one-sided 5 %: with few scenarios only large ones show."""


def overfitting_gap(dev: Linear, held_out: Linear, *, alpha: float = 0.05) -> Gap:
    """Gap of the paired differences on two splits, Welch's df (STATS section 9.2).

    The splits share no cluster; taking differences from the baseline cancels their difficulty.
    """
    gap = dev.mean - held_out.mean
    se = sqrt(dev.se**2 + held_out.se**2)
    if not se > 0:
        return Gap(
            gap=with_limits(gap, (np.nan, np.nan)),
            t=None,
            df=None,
            p_value=None,
            overfit=False,
            minimum_detectable=None,
        )
    df = _welch([(dev.se**2, dev.df), (held_out.se**2, held_out.df)])
    return Gap(
        gap=with_limits(gap, t_interval(gap, se, df, alpha)),
        t=gap / se,
        df=df,
        p_value=2 * t_cdf(-abs(gap) / se, df),
        overfit=gap - t_quantile(1 - alpha, df) * se > 0,
        minimum_detectable=(t_quantile(1 - alpha, df) + t_quantile(0.8, df)) * se,
    )


def _welch(parts: list[tuple[float, float]]) -> float:
    """Satterthwaite's df of a sum of (variance, df) parts."""
    total = sum(variance for variance, _ in parts)
    return total**2 / sum(variance**2 / df for variance, df in parts if variance > 0)


# ---- 9.3 formats ----


@dataclass(frozen=True, kw_only=True)
class FormatSensitivity:
    """The same scenarios in F formats: how much the clothes matter."""

    format_means: Floats
    """(F,)"""
    range: float
    """Largest minus smallest format mean."""
    ms_scenarios: float
    ms_formats: float
    ms_residual: float
    sigma_format: float
    """SD of the score over formats, noise taken out; 0 when noise explains the range."""
    f: float | None
    p_value: float | None
    scenarios: int
    left_out: int
    """Scenarios that lack a format."""


def format_sensitivity(scores: Floats) -> FormatSensitivity | None:
    """Two-way ANOVA of (N, F) scores, seeds averaged first (STATS section 9.3).

    None with fewer than two formats or two complete scenarios. At least 5 formats are asked for.
    """
    complete = scores[~np.isnan(scores.sum(axis=1))]
    n, formats = complete.shape
    if n < 2 or formats < 2:
        return None
    by_scenario, by_format = complete.mean(axis=1), complete.mean(axis=0)
    mean = complete.mean()
    residuals = complete - by_scenario[:, None] - by_format + mean
    ms_scenarios = float(formats * ((by_scenario - mean) ** 2).sum() / (n - 1))
    ms_formats = float(n * ((by_format - mean) ** 2).sum() / (formats - 1))
    df = (n - 1) * (formats - 1)
    ms_residual = float((residuals**2).sum() / df)
    f = ms_formats / ms_residual if ms_residual > 1e-24 else None
    return FormatSensitivity(
        format_means=by_format,
        range=float(np.ptp(by_format)),
        ms_scenarios=ms_scenarios,
        ms_formats=ms_formats,
        ms_residual=ms_residual,
        sigma_format=sqrt(max(0.0, (ms_formats - ms_residual) / n)),
        f=f,
        p_value=None if f is None else float(special.fdtrc(formats - 1, df, f)),
        scenarios=n,
        left_out=len(scores) - n,
    )


def over_formats(differences: Floats, design: Design, *, alpha: float = 0.05) -> Estimate:
    """A difference that holds for formats not tried: both errors added (STATS section 9.3).

    SE^2 = SE^2 over scenarios + s^2(difference by format)/F, the second part with F - 1 df.

    Args:
        differences: (N, F) paired differences; scenarios that lack a format are left out.
        design: Of the N scenarios.
        alpha: One minus the level of the interval.
    """
    complete = ~np.isnan(differences.sum(axis=1))
    if not complete.any():
        return UNKNOWN
    differences, design = differences[complete], design.keep(complete)
    found = linear(differences.mean(axis=1), design)
    formats = differences.shape[1]
    if formats < 2 or not found.se >= 0:
        return with_limits(found.mean, (np.nan, np.nan))
    by_format = design.omega() @ differences
    parts = [(found.se**2, found.df), (float(by_format.var(ddof=1)) / formats, formats - 1.0)]
    se = sqrt(sum(variance for variance, _ in parts))
    if not se > 0:
        return with_limits(found.mean, (np.nan, np.nan))
    return with_limits(found.mean, t_interval(found.mean, se, _welch(parts), alpha))


# ---- 9.4 contamination ----


def contamination(
    original: tuple[Floats, Floats],
    paraphrase: tuple[Floats, Floats],
    design: Design,
    rng: np.random.Generator,
) -> Change:
    """Does the candidate gain more on the published wording than on paraphrases? (STATS 9.4).

    (original - paraphrase) of the candidate minus the same of the baseline, paired by scenario; a
    small `p_greater` speaks for contamination.

    Args:
        original: (baseline, candidate), (N, K) scores each, NaN missing.
        paraphrase: (baseline, candidate), the same scenarios in other words.
        design: Of the N scenarios.
        rng: For the sign-flip test.
    """
    drops = [
        scenario_means(known_text) - scenario_means(new_text)
        for known_text, new_text in zip(original, paraphrase, strict=True)
    ]
    return change(drops[1] - drops[0], design, rng, limit=2.0)
