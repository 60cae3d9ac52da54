"""Which of two replies is preferred: win rates of comparisons judged in both orders (STATS 7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tastemaker.stats.components import delta
from tastemaker.stats.estimates import linear
from tastemaker.stats.paired import MAX_MISSING, Comparing, Difference, Paired, compare, paired
from tastemaker.stats.panel import Codes, Design, Floats, Panel
from tastemaker.stats.power import detectable_from_interval
from tastemaker.stats.reported import UNKNOWN, Change, Estimate, change, divide, student

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One answer of a judge about two replies to the same scenario."""

    scenario: str
    cluster: str
    seed: int
    arm_a: str
    arm_b: str
    a_first: bool
    """The order: True when the reply of arm_a was shown first."""
    preference: float | None
    """1 for arm_a, 0 for arm_b, 0.5 for a tie; None when unscored."""
    stratum: str = ""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """P pairs of replies, each judged in both orders: one scenario, seed and pair of arms each."""

    arms: tuple[str, ...]
    scenario_names: tuple[str, ...]
    """N names; the design's rows."""
    design: Design
    scenario: Codes
    """(P,), 0..N-1."""
    seed: Codes
    """(P,), as the comparisons have it."""
    arm_a: Codes
    arm_b: Codes
    """(P,), 0..A-1, arm_a < arm_b."""
    a_first: Floats
    """(P,), preference for arm_a when its reply was shown first: 0, 0.5 or 1; NaN unscored."""
    b_first: Floats
    """(P,), preference for arm_a when the reply of arm_b was shown first."""

    def preference(self) -> Floats:
        """(P,), preference for arm_a, averaged over the two orders.

        NaN where one order is unscored: the other alone would carry the position bias.
        """
        return (self.a_first + self.b_first) / 2

    def answered(self) -> Floats:
        """(P,), preference for arm_a in the orders that were judged, be it one; NaN where none."""
        there = ~np.isnan([self.a_first, self.b_first])
        return divide(np.nansum([self.a_first, self.b_first], axis=0), there.sum(axis=0))


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """A candidate against a baseline, ties half, swap-averaged."""

    win_rate: Estimate
    """In [0, 1]; one half is no preference."""
    difference: Change
    """2w - 1 of each scenario: what the gate reads; 0 is no preference, and net = its value."""
    net: float | None
    """P(win) - P(loss)."""
    win: float | None
    tie: float | None
    loss: float | None
    """Shares of single answers, averaged within a scenario first; the three sum to 1."""
    consistency: float | None
    """Share of pairs with the same answer in both orders."""
    position_bias: Estimate
    """How often the reply shown first wins, minus one half."""
    pairs: int
    half_judged: int
    """Pairs left out because an order is unscored."""


def pairs(
    comparisons: Iterable[Comparison], *, stratum_weights: Mapping[str, float] | None = None
) -> Pairs:
    """Bring the answers about each pair of replies together, both orders (STATS section 7).

    Several answers to one order (a panel of judges, say) are averaged. Scenarios weigh the same
    inside their stratum; strata as given, or equally per scenario when no weights are given.

    Raises:
        ValueError: a preference outside [0, 1], a reply compared with its own arm, a scenario
            in two clusters or strata, a stratum without a weight.
    """
    answers: dict[tuple[str, int, str, str], tuple[list[float], list[float]]] = {}
    places: dict[str, tuple[str, str]] = {}
    for one in comparisons:
        _check(one, places)
        straight = one.arm_a < one.arm_b
        first, second = sorted((one.arm_a, one.arm_b))
        orders = answers.setdefault((one.scenario, one.seed, first, second), ([], []))
        if one.preference is not None:
            preference = one.preference if straight else 1 - one.preference
            orders[0 if one.a_first == straight else 1].append(preference)
    arms = tuple(sorted({arm for key in answers for arm in key[2:]}))
    names = tuple(places)
    rows, columns = {n: i for i, n in enumerate(names)}, {n: i for i, n in enumerate(arms)}
    return Pairs(
        arms=arms,
        scenario_names=names,
        design=_design(places, stratum_weights),
        scenario=np.array([rows[key[0]] for key in answers], dtype=np.intp),
        seed=np.array([key[1] for key in answers], dtype=np.intp),
        arm_a=np.array([columns[key[2]] for key in answers], dtype=np.intp),
        arm_b=np.array([columns[key[3]] for key in answers], dtype=np.intp),
        a_first=np.array([_average(orders[0]) for orders in answers.values()], dtype=np.float64),
        b_first=np.array([_average(orders[1]) for orders in answers.values()], dtype=np.float64),
    )


def _average(answers: Sequence[float]) -> float:
    return sum(answers) / len(answers) if answers else float("nan")


def _check(one: Comparison, places: dict[str, tuple[str, str]]) -> None:
    if one.preference is not None and not 0 <= one.preference <= 1:
        raise ValueError(
            f"Scenario {one.scenario}: a preference of {one.preference} is not 0 to 1."
        )
    if one.arm_a == one.arm_b:
        raise ValueError(f"Scenario {one.scenario}: arm {one.arm_a} is compared with itself.")
    place = (one.cluster, one.stratum)
    if places.setdefault(one.scenario, place) != place:
        raise ValueError(f"Scenario {one.scenario} stands in two clusters or strata.")


def _design(
    places: Mapping[str, tuple[str, str]], stratum_weights: Mapping[str, float] | None
) -> Design:
    strata, codes = np.unique([stratum for _, stratum in places.values()], return_inverse=True)
    _, clusters = np.unique([cluster for cluster, _ in places.values()], return_inverse=True)
    if stratum_weights is None:
        weights = np.bincount(codes, minlength=len(strata)).astype(np.float64)
    else:
        missing = [name for name in strata.tolist() if name not in stratum_weights]
        if missing:
            raise ValueError(f"No weight is given for the strata {', '.join(missing)}.")
        weights = np.array([stratum_weights[name] for name in strata.tolist()], dtype=np.float64)
    return Design(
        strata=codes.astype(np.intp),
        stratum_weights=weights,
        clusters=clusters.astype(np.intp),
        weights=np.ones(len(codes)),
    )


def win_rate(
    judged: Pairs,
    candidate: str,
    baseline: str,
    rng: np.random.Generator,
    *,
    alpha: float = 0.05,
) -> WinRate:
    """How often the candidate is preferred to the baseline (STATS section 7).

    One number per scenario, averaged over orders and seeds; the interval and the sign-flip test
    are those of the difference 2w - 1, so that guard and gate apply unchanged.

    Raises:
        KeyError: no comparison names the candidate, or the baseline.
    """
    mine, flip = _of(judged, candidate, baseline)
    complete = mine & ~np.isnan(judged.preference())
    scenario = judged.scenario[complete]
    orders = np.column_stack([judged.a_first[complete], judged.b_first[complete]])
    first_wins = (orders[:, 0] + 1 - orders[:, 1]) / 2
    orders = 1 - orders if flip else orders
    w = _by_scenario(orders.mean(axis=1), scenario, judged)
    difference = change(2 * w - 1, judged.design, rng, alpha=alpha)
    shares = [
        _mean(_by_scenario(kind.mean(axis=1), scenario, judged), judged.design).value
        for kind in (orders > 0.5, orders == 0.5, orders < 0.5)
    ]
    same = np.sign(orders[:, 0] - 0.5) == np.sign(orders[:, 1] - 0.5)
    return WinRate(
        win_rate=_halved(difference.estimate),
        difference=difference,
        net=difference.estimate.value,
        win=shares[0],
        tie=shares[1],
        loss=shares[2],
        consistency=float(same.mean()) if len(same) else None,
        position_bias=_mean(_by_scenario(first_wins - 0.5, scenario, judged), judged.design, alpha),
        pairs=len(same),
        half_judged=int(mine.sum() - complete.sum()),
    )


def preferences(
    judged: Pairs, candidate: str, baseline: str, *, either_order: bool = False
) -> Floats:
    """(N,), w of each scenario: preference for the candidate, NaN where there is no pair.

    With `either_order` pairs count that were judged in one order alone, with its position bias.
    """
    mine, flip = _of(judged, candidate, baseline)
    w = judged.answered() if either_order else judged.preference()
    mine &= ~np.isnan(w)
    return _by_scenario((1 - w if flip else w)[mine], judged.scenario[mine], judged)


def by_seed(judged: Pairs, candidate: str, baseline: str) -> Floats:
    """(N, K), w of each scenario and seed, swap-averaged; NaN where it is unscored or not there.

    The seeds are those that any pair of the two arms has, ascending; one where there is no pair.
    """
    mine, flip = _of(judged, candidate, baseline)
    seeds, columns = np.unique(judged.seed[mine], return_inverse=True)
    values = np.full((len(judged.scenario_names), max(1, len(seeds))), np.nan)
    w = judged.preference()[mine]
    values[judged.scenario[mine], columns] = 1 - w if flip else w
    return values


def gated(
    w: Floats, design: Design, *, how: Comparing | None = None, max_missing: float = MAX_MISSING
) -> Paired:
    """Preferences as the gate reads them: d = 2w - 1, so that 50 % is 0 (STATS section 7).

    The arms' means are the win rates 1 - w and w. The difference is one number per scenario and
    seed, so the noise of seeds is its own and not the sum of two arms'; what is missing is filled
    by -1 and by 1.

    Args:
        w: (N, K) swap-averaged preferences for the candidate in [0, 1]; NaN is missing.
        design: Of the N scenarios.
        how: Interval, level and random seed.
        max_missing: Share of missing preferences above which fills are computed.
    """
    how = how or Comparing()
    names = [str(number) for number in range(len(w))]
    arms = ("baseline", "candidate")
    sides = Panel(
        principle="preference",
        arms=arms,
        scenarios=names,
        values=np.stack([1 - w, w]),
        design=design,
    )
    found = paired(
        sides,
        *arms,
        alpha=how.alpha,
        method=how.method,
        rng_seed=how.rng_seed,
        max_missing=max_missing,
    )
    even, d = np.zeros_like(w), 2 * w - 1
    difference = compare(np.where(np.isnan(w), np.nan, even), d, design, how)
    return replace(
        found,
        **vars(difference),
        components=delta(np.where(np.isnan(w), np.nan, even), d),
        minimum_detectable_effect=detectable_from_interval(difference.half_width, alpha=how.alpha),
        unscored=found.unscored // 2,
        worst_fill=_filled(d, -1.0, design, how) if found.too_much_missing else None,
        best_fill=_filled(d, 1.0, design, how) if found.too_much_missing else None,
    )


def _filled(d: Floats, value: float, design: Design, how: Comparing) -> Difference:
    filled = np.where(np.isnan(d), value, d)
    return compare(np.zeros_like(filled), filled, design, how)


def _of(judged: Pairs, candidate: str, baseline: str) -> tuple[Bools, bool]:
    """(P,), which pairs are of these two arms; and whether the candidate is their arm_b."""
    for name in (candidate, baseline):
        if name not in judged.arms:
            raise KeyError(name)
    a, b = judged.arms.index(candidate), judged.arms.index(baseline)
    mine = (judged.arm_a == min(a, b)) & (judged.arm_b == max(a, b))
    return mine, a > b


def _by_scenario(values: Floats, scenario: Codes, judged: Pairs) -> Floats:
    """(N,), mean of the values of each scenario's pairs; NaN where it has none."""
    size = len(judged.scenario_names)
    counts = np.bincount(scenario, minlength=size)
    return divide(np.bincount(scenario, values, minlength=size), counts)


def _mean(values: Floats, design: Design, alpha: float = 0.05) -> Estimate:
    return UNKNOWN if np.isnan(values).all() else student(linear(values, design), alpha)


def _halved(difference: Estimate) -> Estimate:
    """From 2w - 1 back to w."""
    if difference.value is None:
        return UNKNOWN
    limits = (difference.low, difference.high)
    low, high = (None if limit is None else (1 + limit) / 2 for limit in limits)
    return Estimate(value=(1 + difference.value) / 2, low=low, high=high)
