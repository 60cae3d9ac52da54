"""A sampling plan as it is asked for, kept in the store, and put into words."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tastemaker.content import fingerprint
from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.marks import CHANCES, CONSENSUS, EARLIER, LOOKS, RESEATED, Item, MarkStore
from tastemaker.rating.exchange import proper_name
from tastemaker.rating.places import Places
from tastemaker.rating.plan import (
    Drawn,
    Kind,
    Unit,
    chances_of,
    draw,
    frame,
    in_order,
    overlapping,
    seated,
    with_signals,
)
from tastemaker.rating.ratable import (
    Criteria,
    Home,
    Ratable,
    failures,
    met_shares,
    read_findings,
    read_ratable,
)
from tastemaker.rating.sheets import Row, Sheet
from tastemaker.stats.ppi import FEWEST_FOR_RELEASE, FEWEST_LABELS, labels_needed

USUAL_COUNT = FEWEST_FOR_RELEASE
FEWEST_FAILED = 30
"""Replies that people fail, from which a specificity may be told (STATS section 6.2)."""
FOR_FOUR_POINTS = 200

IMPLIED_SD = {0.75: (0.30, 0.44), 0.90: (0.24, 0.33), 0.98: (0.13, 0.15)}
"""sd(H - lambda J) by rate of good replies: for a good judge (sensitivity 97%, specificity 90%) and
a noisy one (90%, 75%); STATS section 6.2."""
LIST_COLUMNS = ("scenario", "seed")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody asks of a plan."""

    kind: Kind = "random"
    count: int | None = None
    """Scenarios; None: enough for a release, or all."""
    raters: tuple[str, ...]
    overlap: str | None = None
    """As `overlapping` reads it; None: a fifth of the scenarios, where there are two raters."""
    side_by_side: bool = False
    seed: int = 1
    half_width: float = 0.05
    criteria: Criteria = "judged"
    only: frozenset[str] = frozenset()
    """Arms; empty: all."""
    list_file: Path | None = None
    """Of the kind `list`: the scenarios and seeds to rate."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A sampling plan with what it rests on."""

    asked: Asked
    arms: tuple[str, ...]
    frame: int
    """Scenarios that could be drawn."""
    sought: int
    """Of these, how many a plan of `failures` seeks out."""
    left_out: int
    """Scenarios with criteria to rate that could not: in no seed all arms replied."""
    drawn: tuple[Drawn, ...]
    chance_of: Mapping[str, Mapping[str, float]]
    """By eval and scenario: the chance of every one that could be drawn, taken or not."""
    seats: Mapping[str, Sequence[Drawn]]
    items: tuple[Item, ...]
    met: Mapping[str, float]
    """By principle: how good the replies are by the judge."""
    failed: Mapping[str, int]
    """By criterion: how many of the replies drawn the judge fails."""

    @property
    def fingerprint(self) -> str:
        """The hash of what is drawn, with its chances; the order of a list does not matter."""
        return fingerprint(sorted([*one.unit.spot, one.chance] for one in self.drawn))

    @property
    def touching(self) -> list[str]:
        """The raters who see two replies of one scenario next to each other."""
        together = set()
        for one, other in zip(self.items, self.items[1:], strict=False):
            if (one.rater, one.eval, one.scenario) == (other.rater, other.eval, other.scenario):
                together.add(one.rater)
        return sorted(together)


def make_plan(experiment: Experiment, folder: Path, asked: Asked) -> Plan:
    """The plan that is asked for, over the replies of a run.

    Raises:
        UserError: There is nothing to rate, or what is asked for does not fit together.
    """
    _refuse_raters(asked.raters)
    if not 0 < asked.half_width < 1:
        raise UserError(f"--half-width {asked.half_width:g}: expected above 0 and below 1")
    ratable = read_ratable(experiment, folder, asked.only)
    if asked.side_by_side and len(ratable.arms) < 2:
        raise UserError(f"side by side takes two arms with replies; there is {ratable.arms[0]}")
    units = frame(
        ratable, criteria=asked.criteria, seed=asked.seed, eval_weights=experiment.weights
    )
    if not units:
        raise UserError(_nothing(experiment.name, ratable, asked.criteria))
    left_out = _askable(ratable, asked.criteria) - len(units)
    if asked.list_file:
        units = read_list(asked.list_file, ratable, asked.criteria)
    elif asked.kind == "failures":
        findings = read_findings(folder, {one.spot for one in units}, set(ratable.arms))
        units = with_signals(units, ratable, findings, asked.criteria)
    drawn = draw(units, asked.kind, asked.count or USUAL_COUNT, asked.seed)
    raters = asked.raters
    overlap = overlapping(asked.overlap or ("0.2" if len(raters) > 1 else "1"), len(raters))
    seats = seated(drawn, raters, overlap, asked.seed)
    return Plan(
        asked=asked,
        arms=ratable.arms,
        frame=len(units),
        sought=sum(one.sought for one in units),
        left_out=left_out,
        drawn=tuple(drawn),
        chance_of=_chance_of(units, asked),
        seats=seats,
        items=tuple(
            item
            for rater, mine in seats.items()
            for item in in_order(rater, mine, side_by_side=asked.side_by_side, seed=asked.seed)
        ),
        met=met_shares(ratable, asked.criteria),
        failed=_failed(drawn, ratable, asked.criteria),
    )


def _chance_of(units: Sequence[Unit], asked: Asked) -> dict[str, dict[str, float]]:
    """What corrected verdicts weigh the judge's other answers by (STATS section 6.1)."""
    count = min(asked.count or USUAL_COUNT, len(units))
    found: dict[str, dict[str, float]] = {}
    for one, chance in zip(units, chances_of(units, asked.kind, count).tolist(), strict=True):
        found.setdefault(one.eval, {})[one.scenario] = chance
    return found


def keep_plan(plan: Plan, store: MarkStore, record: str, *, set_aside: bool = False) -> int:
    """Put the plan in the place of the one before, with the marks that still have its chances.

    Args:
        plan: The plan.
        store: Where it is kept.
        record: The hash of the run's record.
        set_aside: Whether the marks made by now are to count no longer.

    Returns:
        How many marks were set aside.

    Raises:
        UserError: There are marks that the plan would give other chances than theirs, and they are
            not to be set aside.
    """
    given, before = len(store.marks()) + len(store.pairs()), store.said()
    told, fresh = facts(plan) | {"record": record}, {LOOKS: "[]", RESEATED: "0"}
    if not given:
        store.assign(plan.items, told | fresh)
        return 0
    if set_aside:
        up = {"kind": before.get("kind", ""), "scenarios": before.get("scenarios", "0")}
        history = [*json.loads(before.get(EARLIER, "[]")), up | {"marks": given}]
        store.assign(plan.items, told | fresh | {EARLIER: json.dumps(history)}, set_aside=True)
        return given
    if why := _other_chances(plan, store):
        raise UserError(
            f"{given} marks stand there, made for {_words(before)}, and {why} (docs/people.md). "
            "--set-aside makes it all the same: these marks stay in the file, are told of in "
            "every calibration, and count no more"
        )
    others = any(before.get(key) != told[key] for key in ("raters", "overlap"))
    store.assign(plan.items, told | {RESEATED: str(int(before.get(RESEATED, "0")) + others)})
    return 0


def _other_chances(plan: Plan, store: MarkStore) -> str:
    """Why marks that were made by now have not the chances of a plan; "" when they have.

    They have when it draws the same, though others may rate; and when a random plan takes in more
    of the same scenarios before anybody has seen what its marks say
    (docs/decisions/0009-plans.md).
    """
    before, told = store.said(), facts(plan)
    if any(before.get(key) != told[key] for key in ("kind", "criteria", "side_by_side", "arms")):
        return "the new plan is of another kind"
    if before.get("hash") == told["hash"] and before.get(CHANCES) == told[CHANCES]:
        return ""
    there = {(one.eval, one.scenario, one.seed) for one in store.items()}
    grows = there <= {one.unit.spot for one in plan.drawn} and before["seed"] == told["seed"]
    if told["kind"] != "random" or not grows or _frame(before) != _frame(told):
        return "the new plan draws others, or with other chances"
    if json.loads(before.get(LOOKS, "[]")):
        return "a plan that was calibrated does not grow, or its size would hang on the result"
    return ""


def _frame(said: Mapping[str, str]) -> set[Home]:
    """The scenarios that could be drawn."""
    chances = json.loads(said.get(CHANCES, "{}"))
    return {(name, scenario) for name, scenarios in chances.items() for scenario in scenarios}


def _words(said: Mapping[str, str]) -> str:
    """A plan in a few words."""
    if not said.get("kind"):
        return "no plan"
    return f"a plan ({said['kind']}, {_many(int(said.get('scenarios', '0')), 'scenario')})"


def facts(plan: Plan) -> dict[str, str]:
    """What the store keeps about a plan, each as text."""
    asked = plan.asked
    chances = Counter(f"{one.chance:.6g}" for one in plan.drawn)
    return {
        "kind": asked.kind,
        "seed": str(asked.seed),
        "criteria": asked.criteria,
        "side_by_side": "yes" if asked.side_by_side else "no",
        "arms": json.dumps(plan.arms),
        "raters": json.dumps(asked.raters),
        "overlap": asked.overlap or "",
        "frame": str(plan.frame),
        "scenarios": str(len(plan.drawn)),
        "items": str(len(plan.items)),
        "chances": json.dumps(chances),
        CHANCES: json.dumps(plan.chance_of),
        "hash": plan.fingerprint,
        "half_width": f"{asked.half_width:g}",
    }


def _refuse_raters(raters: Sequence[str]) -> None:
    for name in raters:
        if not proper_name(name):
            raise UserError(f"--raters: '{name}' is no name; write them like ana,ben")
        if ";" in name:
            raise UserError(f"--raters: '{name}' is one name; write several like ana,ben")
        if name == CONSENSUS:
            raise UserError(f"a rater cannot be named '{CONSENSUS}': agreed marks stand under it")
    if twice := [name for name, times in Counter(raters).items() if times > 1]:
        raise UserError(f"--raters: {twice[0]} stands there twice")


def _askable(ratable: Ratable, criteria: Criteria) -> int:
    return sum(
        bool(setting.weight > 0 and ratable.asked(home, criteria))
        for home, setting in ratable.settings.items()
    )


def _nothing(name: str, ratable: Ratable, criteria: Criteria) -> str:
    if criteria == "judged" and not _askable(ratable, "judged"):
        return (
            f"{name}: no criterion is judged, and checks need no people; "
            "--criteria all has them rated all the same"
        )
    return f"{name}: in no seed of any scenario did all of {', '.join(ratable.arms)} reply"


def _failed(drawn: Sequence[Drawn], ratable: Ratable, criteria: Criteria) -> dict[str, int]:
    """By criterion how many of the replies drawn the judge fails; 0 where none."""
    wrong = failures(ratable, criteria)
    counts: Counter[str] = Counter()
    for one in drawn:
        counts.update(dict.fromkeys(ratable.asked(one.unit.spot[:2], criteria), 0))
        counts.update(name for _, name in wrong.get(one.unit.spot, ()))
    return dict(counts)


# A list ------------------------------------------------------------------------------------------


def read_list(path: Path, ratable: Ratable, criteria: Criteria) -> list[Unit]:
    """The scenarios and seeds of a file with the columns scenario, seed and, if need be, eval.

    A column `chance` says with which probability each was drawn, where the list is a sample.

    Raises:
        UserError: Something is wrong in the file; every problem at once.
    """
    sheet = Sheet(path)
    sheet.expect(LIST_COLUMNS, ("eval", "chance"))
    sheet.checked()
    places = Places(sheet, ratable)
    units: dict[tuple[str, str], Unit] = {}
    for row in sheet.rows:
        unit = _listed(places, row, criteria)
        if unit is None:
            continue
        if unit.spot[:2] in units:
            sheet.wrong(row, "scenario", f"'{unit.scenario}' stands here twice; one seed is rated")
        units[unit.spot[:2]] = unit
    sheet.checked()
    return list(units.values())


def _listed(places: Places, row: Row, criteria: Criteria) -> Unit | None:
    sheet, ratable = places.sheet, places.ratable
    spot = places.spot(row)
    if spot is None:
        return None
    chance = places.chance(row)
    if missing := sorted(set(ratable.arms) - ratable.replies[spot]):
        sheet.wrong(row, "seed", f"in seed {spot[2]} there is no reply of {', '.join(missing)}")
    if not ratable.asked(spot[:2], criteria):
        sheet.wrong(row, "scenario", "no criterion of it is judged; --criteria all rates it")
    return Unit(eval=spot[0], scenario=spot[1], seed=spot[2], arms=ratable.arms, chance=chance)


# Words -------------------------------------------------------------------------------------------


def needed(rate: float, half_width: float) -> tuple[int, int]:
    """Labelled scenarios for an interval of +- half_width: with a good judge, and a noisy one.

    By the table of STATS section 6.2 for the rate that is nearest, of good replies or of bad ones:
    a label varies alike when nearly all are 1 and when nearly all are 0.
    """
    common = max(rate, 1 - rate)
    nearest = min(IMPLIED_SD, key=lambda known: abs(known - common))
    good, noisy = IMPLIED_SD[nearest]
    return labels_needed(good, half_width), labels_needed(noisy, half_width)


def lines(plan: Plan, marked: int) -> list[str]:
    """The plan in words.

    Args:
        plan: The plan.
        marked: How many scenarios of it have marks already.
    """
    asked, drawn = plan.asked, len(plan.drawn)
    source = (
        _many(drawn, "listed scenario") if asked.list_file else f"{drawn} of {plan.frame} scenarios"
    )
    what = "side by side" if asked.side_by_side else "check-marks"
    told = [
        f"Plan: {asked.kind}, seed {asked.seed}: {source}, one seed each, {what}, "
        f"arms {', '.join(plan.arms)}.",
        *(_load(rater, mine, plan) for rater, mine in plan.seats.items()),
        *_sought(plan),
        _chances(plan),
        f"Hash of the list: {plan.fingerprint}.",
    ]
    if plan.left_out:
        were = f"{_many(plan.left_out, 'scenario')} {'was' if plan.left_out == 1 else 'were'}"
        told.append(f"{were} left out: in no seed did all arms reply.")
    if plan.touching:
        told.append(
            f"{', '.join(plan.touching)}: has one scenario alone, so its replies come one after "
            "the other and may be held against each other."
        )
    if marked:
        told.append(f"{marked} of these scenarios have marks already; they count.")
    # Which of two replies is better corrects no verdict.
    return told if asked.side_by_side else [*told, *_labels(plan), *_specificity(plan)]


def _load(rater: str, mine: Sequence[Drawn], plan: Plan) -> str:
    items = sum(one.rater == rater for one in plan.items)
    unit = "pairs" if plan.asked.side_by_side else "replies"
    shared = {one.unit.spot for one in mine} & {
        one.unit.spot for name, others in plan.seats.items() if name != rater for one in others
    }
    also = f", {_many(len(shared), 'scenario')} seen by others too" if shared else ""
    return f"  {rater}: {items} {unit} of {_many(len(mine), 'scenario')}{also}"


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _sought(plan: Plan) -> list[str]:
    """What a plan of failures goes after, and when that is nothing in particular."""
    if plan.asked.kind != "failures":
        return []
    taken = sum(one.unit.sought for one in plan.drawn)
    told = (
        f"Sought after: {_many(plan.sought, 'scenario')} where the judge fails what it seldom "
        f"fails, or is in doubt; {taken} of them are in the plan."
    )
    if plan.sought in (0, plan.frame):
        return [told, "That is all or none of them, so this draws as --plan random does."]
    return [told]


def _chances(plan: Plan) -> str:
    chances = sorted({one.chance for one in plan.drawn})
    if plan.asked.kind == "list" and chances == [1.0]:
        return "The list says no chances: its marks speak of the list, not of the distribution."
    if chances == [1.0]:
        return "Every scenario that could be drawn is in the plan; marks count alike."
    if len(chances) == 1:
        return f"Every scenario had a chance of {chances[0]:.3g}; marks count alike."
    return (
        f"Chances from {chances[0]:.3g} to {chances[-1]:.3g} are kept; "
        "each mark counts by 1/chance when the judge is corrected."
    )


def _labels(plan: Plan) -> list[str]:
    width, drawn = plan.asked.half_width, len(plan.drawn)
    head = f"Labelled scenarios for an interval of ±{width:g} (a good judge, a noisy one):"
    told = [head] if plan.met else []
    for principle, rate in plan.met.items():
        good, noisy = needed(rate, width)
        number = f"{good} to {noisy}" if noisy > good else str(good)
        told.append(f"  {principle}: {number} (the judge finds {rate:.0%} good)")
    enough = [
        (FEWEST_LABELS, "to correct a verdict at all"),
        (FEWEST_FOR_RELEASE, "for a release"),
        (FOR_FOUR_POINTS, "for about ±0.04"),
    ]
    short = [f"{number} {what}" for number, what in enough if drawn < number]
    told.append(f"This plan labels {drawn}" + (f"; it takes {', '.join(short)}." if short else "."))
    if plan.frame < FEWEST_LABELS and plan.asked.list_file is None:
        there = _many(plan.frame, "scenario")
        told.append(f"The run has only {there} to rate: no plan of it can correct a verdict.")
    return told


def _specificity(plan: Plan) -> list[str]:
    few = {name: number for name, number in plan.failed.items() if number < FEWEST_FAILED}
    if not few or not plan.met:  # without a judge nothing is known to fail
        return []
    listed = ", ".join(f"{name} {number}" for name, number in sorted(few.items()))
    hint = "" if plan.asked.kind == "failures" else "; --plan failures seeks them out"
    return [
        f"A specificity takes {FEWEST_FAILED} replies that people fail. The judge fails fewer "
        f"here, of {listed}{hint}."
    ]
