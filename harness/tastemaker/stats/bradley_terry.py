"""Strengths of many arms from who was preferred to whom (STATS section 7)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tastemaker.stats.pairwise import Pairs
from tastemaker.stats.panel import Floats
from tastemaker.stats.reported import Estimate, divide
from tastemaker.stats.resample import resample

DRAWS = 1000
TOLERANCE = 1e-10
"""The largest change of a log strength in one step at which the fit has ended."""
STEPS = 10_000


@dataclass(frozen=True, kw_only=True)
class Strengths:
    """Bradley-Terry log strengths, which sum to 0, and what they predict."""

    arms: tuple[str, ...]
    strengths: tuple[Estimate, ...]
    """In the order of the arms; intervals resample clusters of scenarios, not comparisons."""
    preferred: Floats
    """(A, A), the predicted probability that the row's reply is preferred to the column's."""
    wins: Floats
    """(A, A), pairs won by the row against the column, ties half; a scenario counts once."""
    virtual_opponent: bool
    """Half a win and half a loss against an average opponent were added to every arm: an arm, or
    a group of arms, that never wins or never loses has no finite strength without them."""


def bradley_terry(
    judged: Pairs, rng: np.random.Generator, *, draws: int = DRAWS, alpha: float = 0.05
) -> Strengths:
    """Fit swap-averaged comparisons of any number of arms (STATS section 7).

    Args:
        judged: The pairs; scenarios count by their weight, whatever the number of seeds.
        rng: Where the resamples are drawn from.
        draws: Resamples of the clusters.
        alpha: One minus the level of the intervals.

    Raises:
        ValueError: no pair was judged in both orders.
    """
    if np.isnan(judged.preference()).all():
        raise ValueError("No pair of replies was judged in both orders.")
    cells = _wins_by_scenario(judged)
    wins = cells.sum(axis=0)
    strengths = log_strengths(wins)
    samples = resample(judged.design.clusters, rng, strata=judged.design.strata, draws=draws)
    drawn = log_strengths(samples.totals(cells))
    return Strengths(
        arms=judged.arms,
        strengths=tuple(
            samples.estimate(float(strengths[i]), drawn[:, i], alpha=alpha)
            for i in range(len(judged.arms))
        ),
        preferred=special.expit(strengths[:, None] - strengths[None, :]),
        wins=wins,
        virtual_opponent=not bool(connected(wins)),
    )


def _wins_by_scenario(judged: Pairs) -> Floats:
    """(N, A, A): of each scenario, the share of its pairs of two arms that the row won."""
    w = judged.preference()
    scored = ~np.isnan(w)
    n, a, b = judged.scenario[scored], judged.arm_a[scored], judged.arm_b[scored]
    size, arms = len(judged.scenario_names), len(judged.arms)
    won, met = np.zeros((size, arms, arms)), np.zeros((size, arms, arms))
    np.add.at(won, (n, a, b), w[scored])
    np.add.at(won, (n, b, a), 1 - w[scored])
    np.add.at(met, (n, a, b), 1.0)
    np.add.at(met, (n, b, a), 1.0)
    weights = judged.design.omega() * size if size else np.zeros(0)
    cells: Floats = np.nan_to_num(divide(won, met)) * weights[:, None, None]
    return cells


def log_strengths(wins: Floats) -> Floats:
    """Log strengths that sum to 0, from (..., A, A) wins of row over column, ties half.

    NaN for an arm that was compared with none. Where the wins do not connect every arm to every
    other (an arm never wins, say), every arm gets half a win and half a loss against a virtual
    opponent (STATS section 7). The maximum likelihood is found by the MM step
    p_i = W_i / sum_j N_ij / (p_i + p_j).
    """
    arms = wins.shape[-1]
    flat = wins.reshape(-1, arms, arms)
    augmented = np.zeros((len(flat), arms + 1, arms + 1))
    augmented[:, :arms, :arms] = flat
    alone = ~connected(flat)
    augmented[alone, :arms, arms] = augmented[alone, arms, :arms] = 0.5
    strengths = np.empty((len(flat), arms))
    for chosen, size in ((~alone, arms), (alone, arms + 1)):
        strengths[chosen] = _fit(augmented[chosen, :size, :size])[:, :arms]
    compared = (flat + np.swapaxes(flat, -1, -2)).sum(axis=-1) > 0
    total = np.where(compared, strengths, 0.0).sum(axis=-1, keepdims=True)
    centred = strengths - divide(total, compared.sum(axis=-1, keepdims=True))
    return np.where(compared, centred, np.nan).reshape(wins.shape[:-1])


def connected(wins: Floats) -> NDArray[np.bool_]:
    """(...), whether a chain of wins leads from each arm to each other, so that strengths exist."""
    arms = wins.shape[-1]
    reach: Floats = (wins > 0) + np.eye(arms)
    for _ in range(arms.bit_length()):  # each squaring doubles the length of the chains
        reach = np.minimum(reach @ reach, 1.0)
    found: NDArray[np.bool_] = np.all(reach > 0, axis=(-2, -1))
    return found


def _fit(wins: Floats) -> Floats:
    """(M, A) log strengths of (M, A, A) connected wins, by MM steps until they stand still."""
    met = wins + np.swapaxes(wins, -1, -2)
    total = wins.sum(axis=-1)
    strengths = np.zeros(total.shape)
    moving = np.arange(len(wins))
    for _ in range(STEPS):
        if not len(moving):
            return strengths
        p = np.exp(strengths[moving])
        step = np.log(total[moving] / (met[moving] / (p[:, :, None] + p[:, None, :])).sum(axis=-1))
        step -= step.mean(axis=-1, keepdims=True)
        change = np.abs(step - strengths[moving]).max(axis=-1)
        strengths[moving] = step
        moving = moving[change > TOLERANCE]
    strengths[moving] = np.nan
    return strengths
