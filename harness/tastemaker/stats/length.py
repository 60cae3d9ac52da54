"""Preference at equal length: the win rate without the taste for longer replies (STATS 7)."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from tastemaker.stats.panel import Design, Floats
from tastemaker.stats.reported import UNKNOWN, Estimate, known
from tastemaker.stats.resample import resample

RIDGE = 1e-3
DRAWS = 1000
STEPS = 50
TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True)
class LengthControlled:
    """The win rate of the candidate had both arms written replies of equal length."""

    win_rate: Estimate
    """In [0, 1]; one half is no preference."""
    raw: float | None
    """The win rate as it is."""
    theta: float | None
    """Log odds of the candidate at equal length (and average difficulty)."""
    psi: float | None
    """What a shorter candidate gains: below 0 where the judge likes length."""
    phi: float | None
    """How the log odds follow the difficulty; None when none is given."""
    scenarios: int


def length_controlled(
    preferences: Floats,
    longer: Floats,
    design: Design,
    rng: np.random.Generator,
    *,
    difficulty: Floats | None = None,
    draws: int = DRAWS,
    alpha: float = 0.05,
) -> LengthControlled:
    """Length-controlled win rate, AlpacaEval-2 form (STATS section 7).

    P(candidate preferred) = expit(theta + psi tanh(-longer / sd) + phi difficulty), fitted to the
    fractional preferences by the summed logistic loss plus 1e-3/2 times the squared coefficients;
    the win rate is the mean of expit(theta + phi difficulty). The interval refits the model in
    resamples of clusters, with sd as it is in the data.

    Args:
        preferences: (N,), w of each scenario in [0, 1]; NaN is left out.
        longer: (N,), length of the candidate's reply minus the baseline's, in any unit.
        design: Of the scenarios; omega weighs them, strata and clusters are resampled.
        rng: Where the resamples are drawn from.
        difficulty: (N,), gamma: an estimate per scenario from many arms, where there is one.
        draws: Resamples.
        alpha: One minus the level of the interval.
    """
    columns = [longer] if difficulty is None else [longer, difficulty]
    kept = ~np.isnan(preferences + sum(columns))
    w, design = preferences[kept], design.keep(kept)
    if not len(w):
        return LengthControlled(
            win_rate=UNKNOWN, raw=None, theta=None, psi=None, phi=None, scenarios=0
        )
    gamma = None if difficulty is None else difficulty[kept]
    x = _covariates(longer[kept], gamma)
    weights = design.omega() * len(w)
    beta = _fit(x, w, weights[None, :])
    samples = resample(design.clusters, rng, strata=design.strata, draws=draws)
    drawn = [
        _at_equal_length(_fit(x, w, rows * weights, beta), gamma, rows * weights)
        for rows in samples.chunks()
    ]
    return LengthControlled(
        win_rate=samples.estimate(
            float(_at_equal_length(beta, gamma, weights[None, :])[0]),
            np.concatenate(drawn),
            alpha=alpha,
        ),
        raw=float(np.average(w, weights=weights)),
        theta=known(beta[0, 0]),
        psi=known(beta[0, 1]),
        phi=None if gamma is None else known(beta[0, 2]),
        scenarios=len(w),
    )


def win_rate_at_equal_length(theta: float, phi: float, difficulty: Floats) -> float:
    """AlpacaEval 2's LC win rate in [0, 1] from a published fit: mean of expit(theta + phi gamma).

    STATS sections 7 and 11. Difficulty: (N,), gamma of each instruction.
    """
    return float(special.expit(theta + phi * difficulty).mean())


def _covariates(longer: Floats, difficulty: Floats | None) -> Floats:
    """(N, 2 or 3): constant, length term, difficulty. The length term is 0 where nothing varies."""
    sd = float(longer.std(ddof=1)) if len(longer) > 1 else 0.0
    term = np.tanh(-longer / sd) if sd > 0 else np.zeros(len(longer))
    columns = [np.ones(len(longer)), term]
    return np.column_stack(columns if difficulty is None else [*columns, difficulty])


def _fit(x: Floats, w: Floats, weights: Floats, start: Floats | float = 0.0) -> Floats:
    """(b, p) coefficients of b weighted fractional logistic regressions on (N, p) covariates."""
    size = x.shape[1]
    beta = np.full((len(weights), size), start)
    ridge = RIDGE * np.eye(size)
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    loss = _loss(beta, x, w, weights)
    for _ in range(STEPS):
        p = special.expit(beta @ x.T)
        gradient = (weights * (w - p)) @ x - RIDGE * beta
        curvature = (weights * p * (1 - p) @ products).reshape(-1, size, size) + ridge
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        beta, loss = _shortened(beta, step, loss, x, w, weights)
        if np.abs(gradient).max() < TOLERANCE * len(w):
            return beta
    unfinished = np.abs(gradient).max(axis=1) >= TOLERANCE * len(w)
    return np.where(unfinished[:, None], np.nan, beta)


def _shortened(
    beta: Floats, step: Floats, loss: Floats, x: Floats, w: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Newton's step, halved where it overshoots: with separated data the full step may."""
    size = np.ones((len(beta), 1))
    for _ in range(30):
        trial = beta + size * step
        found = _loss(trial, x, w, weights)
        worse = found > loss + TOLERANCE * (1 + np.abs(loss))
        if not worse.any():
            break
        size[worse] /= 2
    return trial, found


def _loss(beta: Floats, x: Floats, w: Floats, weights: Floats) -> Floats:
    """(b,), the summed fractional logistic loss with the ridge."""
    logits = beta @ x.T
    losses = np.logaddexp(0, logits) - w * logits
    total: Floats = (weights * losses).sum(axis=1) + RIDGE / 2 * (beta**2).sum(axis=1)
    return total


def _at_equal_length(beta: Floats, difficulty: Floats | None, weights: Floats) -> Floats:
    """(b,), the weighted mean of expit(theta + phi gamma)."""
    if difficulty is None:
        return np.asarray(special.expit(beta[:, 0]))
    p = special.expit(beta[:, :1] + beta[:, 2:] * difficulty)
    rates: Floats = (weights * p).sum(axis=1) / weights.sum(axis=1)
    return rates
