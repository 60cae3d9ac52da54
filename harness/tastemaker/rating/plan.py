"""What is to be rated: scenarios drawn with known chances, and each rater's own order.

The unit is a scenario in one seed, with the replies of all arms, because the correction of a
judge holds the arms' difference by people against the judge's on the same seed (STATS section 6).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

import numpy as np

from tastemaker.errors import UserError
from tastemaker.marks import Item
from tastemaker.rating.ratable import (
    Criteria,
    Findings,
    Home,
    Ratable,
    Spot,
    failures,
    unanswered,
)
from tastemaker.splits import in_hash_order
from tastemaker.stats.panel import Floats

Kind = Literal["random", "stratified", "failures", "list"]

OVERSAMPLED = 4.0
"""How much likelier a scenario is taken that is sought after."""
MOST = 0.9
"""The largest chance, unless all are taken: a scenario that is taken for certain has none among
the others to stand for it, and no correction could be made (STATS section 6.1)."""
BLOCK = 8
"""So many scenarios are mixed before the next begin: the more, the farther apart are the replies
of one scenario; the fewer, the less is lost when a rater stops early."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A scenario in one seed, which may be drawn."""

    eval: str
    scenario: str
    seed: int
    arms: tuple[str, ...]
    """The baseline first."""
    stratum: str = ""
    weight: float = 1.0
    """What the scenario stands for: the weights of all units of its stratum sum to the stratum's
    share."""
    sought: bool = False
    """Whether the judge finds a failure that is not common, or is in doubt: `with_signals`."""
    chance: float | None = None
    """With which a list says that it was drawn."""

    @property
    def spot(self) -> Spot:
        """Eval, scenario and seed."""
        return self.eval, self.scenario, self.seed

    @property
    def name(self) -> str:
        """What its place in every random order hangs on, whatever else there is."""
        return f"{self.eval}/{self.scenario}"


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A unit that is to be rated."""

    unit: Unit
    chance: float
    """Of being drawn, in (0, 1]."""


# The frame ---------------------------------------------------------------------------------------


def frame(
    ratable: Ratable,
    *,
    criteria: Criteria = "judged",
    seed: int = 1,
    eval_weights: Mapping[str, float] | None = None,
) -> list[Unit]:
    """Every scenario that has a criterion to rate, in one random seed in which all arms replied.

    Scenarios of weight 0 are none, as in the statistics. The seed hangs on nothing but the
    scenario's name and `seed`.
    """
    seeds: dict[Home, list[int]] = {}
    for (name, scenario, number), arms in ratable.replies.items():
        if arms >= set(ratable.arms):
            seeds.setdefault((name, scenario), []).append(number)
    weights = _weights(ratable, eval_weights or {})
    units = []
    for home, setting in ratable.settings.items():
        if setting.weight > 0 and weights[home] > 0 and ratable.asked(home, criteria):
            for number in _one(seeds.get(home, []), "/".join(home), seed):
                units.append(
                    Unit(
                        eval=home[0],
                        scenario=home[1],
                        seed=number,
                        arms=ratable.arms,
                        stratum=f"{home[0]}/{setting.stratum}",
                        weight=weights[home],
                    )
                )
    return units


def _one(seeds: Sequence[int], name: str, seed: int) -> list[int]:
    """One of the seeds, or none where there is none."""
    keys = {f"seed/{name}/{number}": number for number in sorted(seeds)}
    return [keys[key] for key in in_hash_order(keys, seed)[:1]]


def _weights(ratable: Ratable, eval_weights: Mapping[str, float]) -> dict[Home, float]:
    """Each scenario's share, as the statistics weigh it: eval, then stratum, then scenario."""
    counted: defaultdict[Home, float] = defaultdict(float)
    for (name, _), setting in ratable.settings.items():
        counted[name, setting.stratum] += setting.weight
    declared = {
        (name, setting.stratum): counted[name, setting.stratum]
        if setting.stratum_weight is None
        else setting.stratum_weight
        for (name, _), setting in ratable.settings.items()
    }
    totals: defaultdict[str, float] = defaultdict(float)
    for (name, _), share in declared.items():
        totals[name] += share
    return {
        (name, scenario): _share(setting.weight, counted[name, setting.stratum])
        * _share(declared[name, setting.stratum], totals[name])
        * eval_weights.get(name, 1.0)
        for (name, scenario), setting in ratable.settings.items()
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def with_signals(
    units: Sequence[Unit], ratable: Ratable, findings: Findings, criteria: Criteria
) -> list[Unit]:
    """The units, with whether they are sought after.

    Sought is where the judge fails a criterion that it fails in less than half of the scenarios
    (of what is common any draw has enough), gave no answer, or its panel is not at one.
    """
    wrong = failures(ratable, criteria)
    failed = {one.spot: {name for _, name in wrong.get(one.spot, ())} for one in units}
    often = Counter(name for names in failed.values() for name in names)
    rare = {name for name, times in often.items() if times < len(units) / 2}
    doubted = unanswered(ratable, criteria) | {
        key[:3]
        for key, answers in findings.items()
        if any(
            len({value for _, value in answers[name].votes}) > 1
            for name in ratable.asked(key[:2], criteria)
            if name in answers
        )
    }
    return [
        replace(one, sought=one.spot in doubted or bool(failed[one.spot] & rare)) for one in units
    ]


# Drawing -----------------------------------------------------------------------------------------


def draw(units: Sequence[Unit], kind: Kind, count: int, seed: int) -> list[Drawn]:
    """Exactly `count` of the units (or all), each with its chance, in a random order.

    `random`: all chances alike; a larger count takes the same units and more. `stratified`: in
    proportion to what each stratum stands for, and at least one of each where the count allows.
    `failures`: those that are sought are `OVERSAMPLED` times as likely as the others. `list`: all,
    with the chances that the list gives, or 1.
    """
    order = in_hash_order((one.name for one in units), seed)
    by_name = {one.name: one for one in units}
    shuffled = [by_name[name] for name in order]
    if kind == "list":
        chances = dict(zip(by_name, chances_of(units, kind, count), strict=True))
        return [Drawn(unit=one, chance=float(chances[one.name])) for one in shuffled]
    count = min(count, len(units))
    chances = dict(zip(by_name, chances_of(units, kind, count), strict=True))
    if kind == "random" or count == len(units):
        return [Drawn(unit=one, chance=float(chances[one.name])) for one in shuffled[:count]]
    # Neighbours in the list are of one stratum, so that each gets its number, up to rounding.
    listed = sorted(shuffled, key=lambda one: one.stratum)
    taken = systematic(np.array([chances[one.name] for one in listed]), np.random.default_rng(seed))
    drawn = {listed[place].name for place in taken}
    return [
        Drawn(unit=one, chance=float(chances[one.name])) for one in shuffled if one.name in drawn
    ]


def chances_of(units: Sequence[Unit], kind: Kind, count: int) -> Floats:
    """(N,) the chance of each unit in a draw of `count`: above 0, at most 1, summing to `count`.

    Of a list the chances that it gives, or 1.
    """
    number = len(units)
    if kind == "list":
        return np.array([one.chance or 1.0 for one in units])
    if count >= number:
        return np.ones(number)
    most = max(MOST, count / number)
    if kind == "failures":
        sizes = np.array([OVERSAMPLED if one.sought else 1.0 for one in units])
        return bounded_shares(sizes, count, np.zeros(number), np.full(number, most))
    if kind == "stratified":
        strata, place = np.unique([one.stratum for one in units], return_inverse=True)
        sizes = np.bincount(place, np.ones(number)).astype(np.float64)
        weights: Floats = np.bincount(place, [one.weight for one in units]).astype(np.float64)
        least = np.minimum(1.0, most * sizes) * float(len(strata) <= count)
        shares: Floats = bounded_shares(weights, count, least, most * sizes) / sizes
        return shares[place]
    return np.full(number, count / number)


def bounded_shares(weights: Floats, total: float, least: Floats, most: Floats) -> Floats:
    """Shares of a total in proportion to weights above 0, none below its least or above its most.

    The total lies between the sums of the bounds. A share that meets a bound stays there, and the
    rest is divided by the same proportion.
    """
    bends = np.unique(np.concatenate([[0.0], least / weights, most / weights]))
    filled = [float(np.clip(scale * weights, least, most).sum()) for scale in bends]
    shares: Floats = np.clip(np.interp(total, filled, bends) * weights, least, most)
    return shares


def systematic(chances: Floats, rng: np.random.Generator) -> list[int]:
    """Places drawn with exactly these chances, as many as they sum to, in the order of the list.

    Systematic sampling: a random start, then steps of one along the summed chances (Madow 1949).
    """
    ends = np.cumsum(chances)
    count = round(float(ends[-1]))
    ends *= count / ends[-1]
    points = rng.random() + np.arange(count)
    places: list[int] = np.searchsorted(ends, points, side="right").tolist()
    return places


# Raters ------------------------------------------------------------------------------------------


def overlapping(text: str, raters: int) -> int | float:
    """What `--overlap` says: how many raters see each scenario, or the share that two of them see.

    Raises:
        UserError: It is neither, or more than there are raters.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if "." in text and 0 <= number <= 1:
        if number > 0 and raters < 2:
            raise UserError(f"--overlap {text}: one rater alone cannot overlap; name two")
        return number
    if "." not in text and number >= 1 and number == int(number):
        if number > raters:
            raise UserError(f"--overlap {text}: more than the raters there are ({raters})")
        return int(number)
    raise UserError(
        f"--overlap {text}: expected how many raters see each scenario (like 2), or the share that "
        "two of them see (like 0.2)"
    )


def seated(
    drawn: Sequence[Drawn], raters: Sequence[str], overlap: int | float, seed: int
) -> dict[str, list[Drawn]]:
    """Who rates what: each scenario as often as the overlap says, loads that differ by at most 1.

    With a share, every so many-th scenario is seen by two. The first scenarios fall to the same
    raters whatever comes after them.
    """
    seats: dict[str, list[Drawn]] = {name: [] for name in raters}
    for place, one in enumerate(drawn):
        times = overlap if isinstance(overlap, int) else 1 + _crosses(place, overlap)
        free = sorted(
            (len(seats[name]), _hash(seed, "rater", name, one.unit.name), name) for name in raters
        )
        for _, _, name in free[:times]:
            seats[name].append(one)
    return seats


def _crosses(place: int, share: float) -> int:
    """1 for so large a share of the places, spread evenly; else 0."""
    return math.floor(round((place + 1) * share, 9)) - math.floor(round(place * share, 9))


def _hash(seed: int, *words: str) -> bytes:
    return sha256("/".join((str(seed), *words)).encode()).digest()


def in_order(
    rater: str, mine: Sequence[Drawn], *, side_by_side: bool = False, seed: int = 1
) -> list[Item]:
    """One rater's items in their order, two of one scenario never next to each other.

    Scenarios come in blocks; a block is gone through once for each arm (or pair), in an order of
    arms that is random for each scenario. So the replies of one scenario stand as far apart as its
    block has scenarios: never next to each other unless the rater has one scenario alone, and
    whoever stops early has both arms of nearly all scenarios begun.
    """
    items: list[Item] = []
    for block in _blocks(mine):
        shown = [_shown(rater, one, side_by_side, seed) for one in block]
        if side_by_side:
            shown = _sides(rater, block, shown, seed)
        for turn in range(max(map(len, shown))):
            for one, pairs in zip(block, shown, strict=True):
                for arm, other in pairs[turn : turn + 1]:
                    items.append(
                        Item(
                            number=len(items),
                            rater=rater,
                            eval=one.unit.eval,
                            scenario=one.unit.scenario,
                            seed=one.unit.seed,
                            arm=arm,
                            other=other,
                            chance=one.chance,
                        )
                    )
    return items


Shown = list[tuple[str, str]]
"""The arm, and of a pair the arm beside it: else ""."""


def _blocks(mine: Sequence[Drawn]) -> list[Sequence[Drawn]]:
    """Blocks of `BLOCK`; what would be less than half of one goes into the block before."""
    starts = list(range(0, len(mine), BLOCK))
    if len(starts) > 1 and len(mine) - starts[-1] < BLOCK / 2:
        starts.pop()
    ends = [*starts[1:], len(mine)]
    return [mine[start:end] for start, end in zip(starts, ends, strict=False)]


def _shown(rater: str, one: Drawn, side_by_side: bool, seed: int) -> Shown:
    """What is shown of a scenario, in a random order."""
    arms = one.unit.arms
    pairs = [(arms[0], arm) for arm in arms[1:]] if side_by_side else [(arm, "") for arm in arms]
    return sorted(pairs, key=lambda pair: _hash(seed, "turn", rater, one.unit.name, *pair))


def _sides(rater: str, block: Sequence[Drawn], shown: Sequence[Shown], seed: int) -> list[Shown]:
    """The pairs, in half of which (for each arm) the baseline comes second, at random."""
    turned = set()
    for arm in {pair[1] for pairs in shown for pair in pairs}:
        having = [
            one.unit.name
            for one, pairs in zip(block, shown, strict=True)
            if any(pair[1] == arm for pair in pairs)
        ]
        order = sorted((_hash(seed, "side", rater, name, arm), name) for name in having)
        half = (len(order) + order[0][0][0] % 2) // 2
        turned |= {(name, arm) for _, name in order[:half]}
    return [
        [pair[::-1] if (one.unit.name, pair[1]) in turned else pair for pair in pairs]
        for one, pairs in zip(block, shown, strict=True)
    ]
