"""Which ingredient did it: effects of factors over arms trained with and without (STATS 9.6)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tastemaker.stats.estimates import linear, scenario_means
from tastemaker.stats.intervals import t_cdf, t_interval
from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import Estimate, student, with_limits

FEWEST_DF = 4
"""Arms beyond the number of parameters from which the arms themselves are the units."""
CONDITIONAL = (
    "conditional on these checkpoints: the interval says what other scenarios would show, "
    "not what training again would"
)


@dataclass(frozen=True, kw_only=True)
class FactorEffect:
    """What one factor adds to the score."""

    factor: str
    effect: Estimate
    """Per unit of the factor: with in coded 1 and out 0, in minus out."""
    p_value: float | None
    """Two-sided; None when the effect is conditional on these checkpoints."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The effects of all factors of an ablation."""

    effects: tuple[FactorEffect, ...]
    conditional: bool
    """True: errors are over scenarios only, and there is no verdict."""
    df: int
    """Arms minus parameters."""
    note: str


def factor_effects(
    factors: Floats, names: Sequence[str], values: Floats, design: Design
) -> Attribution:
    """Least squares of the arms' scores on their factors, with an intercept (STATS section 9.6).

    With at least 4 df the arms are the units: each was trained once, and how much training again
    would change is what the residuals show. With fewer, coefficients are fitted for each scenario
    and averaged: clustered over scenarios, silent about training, and so without a verdict.

    Args:
        factors: (A, F), what each arm holds: 1 in, 0 out, or an amount.
        names: F names.
        values: (A, N, K) scores, NaN missing; scenarios that an arm lacks are left out.
        design: Of the N scenarios.

    Raises:
        ValueError: the arms do not tell the factors apart, or no scenario is common to all arms.
    """
    x = np.column_stack([np.ones(len(factors)), factors])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(
            f"The arms do not tell {', '.join(names)} apart: "
            "some factor never changes, or always changes together with others."
        )
    means = np.stack([scenario_means(arm) for arm in values])
    complete = ~np.isnan(means.sum(axis=0))
    if not complete.any():
        raise ValueError("No scenario is scored in every arm.")
    means, design = means[:, complete], design.keep(complete)
    df = len(x) - x.shape[1]
    conditional = df < FEWEST_DF
    effects = _over_scenarios(x, means, design) if conditional else _over_arms(x, means, design)
    return Attribution(
        effects=tuple(
            FactorEffect(factor=name, effect=effect, p_value=p)
            for name, (effect, p) in zip(names, effects[1:], strict=True)
        ),
        conditional=conditional,
        df=df,
        note=CONDITIONAL if conditional else f"arms are the units, {df} degrees of freedom",
    )


def _over_arms(x: Floats, means: Floats, design: Design) -> list[tuple[Estimate, float | None]]:
    """Ordinary least squares on the arm means, an effect and its p-value for each column of x."""
    y = means @ design.omega()
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    df = len(x) - x.shape[1]
    variance = float(((y - x @ beta) ** 2).sum() / df)
    errors = np.sqrt(variance * np.diag(inverse))
    return [_tested(float(b), float(se), df) for b, se in zip(beta, errors, strict=True)]


def _tested(effect: float, se: float, df: int) -> tuple[Estimate, float | None]:
    if not se > 1e-12:  # the factors explain the arms exactly: nothing shows the error
        return with_limits(effect, (np.nan, np.nan)), None
    return with_limits(effect, t_interval(effect, se, df)), 2 * t_cdf(-abs(effect) / se, df)


def _over_scenarios(
    x: Floats, means: Floats, design: Design
) -> list[tuple[Estimate, float | None]]:
    """Coefficients of each scenario, averaged over scenarios; no p-value."""
    return [(student(linear(b, design)), None) for b in np.linalg.pinv(x) @ means]
