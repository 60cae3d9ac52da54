"""A fleet: the arms of many runs beside each other on every principle, looked at together.

Every arm is held against the baseline of its own run, on the same scenarios and seeds. What is
marked is established over all arms and principles at once, by joint max-T (STATS sections 4.3 and
9.5); ranks are compared directly, because all runs asked the same scenarios.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.checkpoints import in_common
from tastemaker.comparison import RunArm, differences, open_record
from tastemaker.errors import UserError
from tastemaker.gate import FEWEST_CLUSTERS, IMPROVEMENT_LEVEL, REGRESSION_LEVEL
from tastemaker.reading import did_you_mean, listed, shown
from tastemaker.record import LOOKS
from tastemaker.results import SENTENCES
from tastemaker.slices import Part, parts
from tastemaker.stats.estimates import Linear, linear, scenario_means
from tastemaker.stats.multiplicity import holm
from tastemaker.stats.paired import MAX_MISSING, MAX_MISSING_GAP, RNG_SEED, missing
from tastemaker.stats.panel import Design, Floats, Panel
from tastemaker.stats.permutation import max_t
from tastemaker.stats.reported import UNKNOWN, Change, Estimate, known, laddered
from tastemaker.stats.series import rank_intervals, side_by_side, trend
from tastemaker.tables import Arranged, Trait, gathered, read_scores

STEP = "step"
"""The factor that puts arms in a row, unless another is named."""
SLICES = 3
"""How many slices are shown of a marked cell."""


class Mark(StrEnum):
    """What is established of one arm on one principle."""

    LOST = "lost"
    GAINED = "gained"
    OPEN = "open"
    """Neither: no change, or not enough to tell."""
    VOID = "void"
    """Not evaluable; it is in no test."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One arm of the fleet."""

    name: str
    """As the fleet calls it: unlike all others."""
    arm: str
    """As its run calls it."""
    run: int
    """Which of the runs, from 0."""
    baseline: str
    """What it is held against, as the fleet calls it; its own name for a baseline."""
    step: float | None
    line: str
    """What it shares with the other arms of its row, in words: its further factors."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        """Its name."""
        return str(self.record.get("experiment", self.folder.name))

    @property
    def baseline(self) -> str:
        """Its baseline, as it calls it."""
        return str(self.record["baseline"])


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A difference on a part of the scenarios: exploratory, no p-value."""

    part: Part
    difference: Estimate
    clusters: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one arm stands on one principle, against all others."""

    mean: float | None
    ranks: tuple[int, int] | None
    """The best and the worst rank that it may have; None where it is not ranked."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One arm on one principle, against its baseline."""

    mark: Mark
    difference: Estimate
    p_lost: float | None
    """One-sided, adjusted over all cells; None where it is in no test."""
    p_gained: float | None
    scenarios: int
    clusters: int
    informative_clusters: int
    unscored: int
    """Replies without a score, in both arms."""
    reason: str
    """Why it is not evaluable; else ""."""
    moved: tuple[Moved, ...] = ()
    """Of a marked cell, the slices that moved most."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One principle over the arms of a row."""

    principle: str
    line: str
    arms: tuple[str, ...]
    steps: tuple[float, ...]
    means: tuple[float | None, ...]
    slope: Change
    """Per unit of the step."""
    p_adjusted: float | None
    """Two-sided, by Holm over all courses."""


@dataclass(frozen=True, kw_only=True)
class FirstLoss:
    """The first arm of a row that lost, in the order of the steps."""

    line: str
    arms: int
    """How many of its arms are held against a baseline."""
    arm: str | None
    """None: no loss is established."""
    step: float | None
    principles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """All there is to say of the arms of some runs."""

    runs: tuple[Run, ...]
    arms: tuple[Member, ...]
    """Those that are held against a baseline."""
    baselines: tuple[Member, ...]
    """Unlike ones; one that several runs share stands once."""
    principles: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By arm and principle."""
    standings: Mapping[tuple[str, str], Standing]
    """By arm or baseline, and principle."""
    by: str | None
    """The factor that puts arms in rows; None: no arms stand in a row."""
    courses: tuple[Course, ...]
    firsts: tuple[FirstLoss, ...]
    notes: tuple[str, ...]

    def count(self, mark: Mark) -> int:
        """How many cells have a mark."""
        return sum(cell.mark is mark for cell in self.cells.values())

    @property
    def tests(self) -> int:
        """How many cells are tested together."""
        return sum(cell.p_lost is not None for cell in self.cells.values())


# Gathering ---------------------------------------------------------------------------------------


def fleet(folders: Sequence[Path], *, by: str | None = None) -> Fleet:
    """The arms of finished runs, each against the baseline of its run, on every principle.

    A cell is LOST where the joint p-value against a decline is at most 0.05, and GAINED where that
    against a rise is at most 0.025 and the interval lies above 0: the levels of a verdict (STATS
    4.1), with max-T over all cells in place of Holm's adjustment (STATS 4.3).

    Args:
        folders: Of the runs: record.json and scores.parquet.
        by: The factor that puts arms in a row; None: `step`, where arms have it.

    Raises:
        UserError: A folder holds no run or is named twice; the runs are not comparable, each
            difference named; no arm has the factor.
    """
    runs = _runs(folders)
    _refuse_unlike(runs)
    by = _factor(runs, by)
    members = _members(runs, by)
    arms = [one for one in members.values() if one.arm != runs[one.run].baseline]
    arranged = _arranged(runs)
    panels = in_common(arranged, arranged.panels())
    if not panels:
        raise UserError("no principle of these runs has a scenario that counts")
    held = _Held(runs, members, panels, _reasons(arranged))
    cells = _with_slices(held, arms, _cells(held, arms), arranged.traits())
    baselines = [members[key] for key in _distinct_baselines(runs)]
    courses, firsts = _rows(held, [*baselines, *arms], cells) if by else ((), ())
    return Fleet(
        runs=tuple(runs),
        arms=tuple(arms),
        baselines=tuple(baselines),
        principles=tuple(panels),
        cells=cells,
        standings=_standings(held, [*baselines, *arms]),
        by=by,
        courses=courses,
        firsts=firsts,
        notes=tuple(_notes(runs, baselines, by)),
    )


def _runs(folders: Sequence[Path]) -> list[Run]:
    if not folders:
        raise UserError("name the folders of the runs: tastemaker report --fleet DIR...")
    places: dict[Path, Path] = {}
    runs, problems = list[Run](), list[str]()
    for folder in folders:
        if folder.resolve() in places:
            problems.append(f"{shown(folder)}: this folder is named twice")
            continue
        places[folder.resolve()] = folder
        try:
            runs.append(Run(folder=folder, record=open_record(folder)))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return runs


def _refuse_unlike(runs: Sequence[Run]) -> None:
    """All runs must be comparable with the first, by the settings of `compare`."""
    opened = [RunArm(folder=one.folder, arm=one.baseline, record=one.record) for one in runs]
    told = []
    for other in opened[1:]:
        found = differences(opened[0], other)
        # Preferences are not shown: that a run gates one makes no score mean another thing.
        found.pop("pairwise", None)
        if found:
            told.append(f"  {shown(opened[0].folder)} and {shown(other.folder)} differ in")
            told += [f"    {text}" for text in found.values()]
    if told:
        problems = "\n".join(told)
        raise UserError(
            f"these runs cannot stand side by side:\n{problems}\n"
            "Run them alike, or make one fleet of each kind."
        )


def _key(run: int, arm: str) -> str:
    """What an arm is called inside: unlike all others, whatever the names are."""
    return f"{run}@{arm}"


def _arranged(runs: Sequence[Run]) -> Arranged:
    """The principles' scores of all arms of all runs."""
    tables = []
    for number, run in enumerate(runs):
        scores = read_scores(run.folder)
        scores = scores.keep(scores.texts["criterion"].equal(None))
        tables.append((scores, {arm: _key(number, arm) for arm in run.record["arms"]}))
    keys = [key for _, names in tables for key in names.values()]
    return Arranged(gathered(tables), keys, eval_weights=runs[0].record.get("weights"))


def _distinct_baselines(runs: Sequence[Run]) -> list[str]:
    """The keys of baselines that differ in what makes replies differ, the first of each kind."""
    first: dict[str, str] = {}
    for number, run in enumerate(runs):
        first.setdefault(run.record["arms"][run.baseline], _key(number, run.baseline))
    return list(first.values())


def _members(runs: Sequence[Run], by: str | None) -> dict[str, Member]:
    """Every arm by its key; a baseline that an earlier run has too goes by that one's name."""
    shared = {
        _key(number, run.baseline): next(
            key
            for key in _distinct_baselines(runs)
            for other, arm in [key.split("@", 1)]
            if runs[int(other)].record["arms"][arm] == run.record["arms"][run.baseline]
        )
        for number, run in enumerate(runs)
    }
    names = _names(runs, shared)
    members = {}
    for number, run in enumerate(runs):
        for arm in run.record["arms"]:
            key = _key(number, arm)
            factors = run.record["arms_shown"][arm].get("factors") or {}
            further = {name: value for name, value in factors.items() if name != by}
            members[key] = Member(
                name=names[shared.get(key, key)],
                arm=arm,
                run=number,
                baseline=names[shared[_key(number, run.baseline)]],
                step=_number(factors.get(by)) if by else None,
                line=", ".join(f"{name}: {value}" for name, value in sorted(further.items())),
            )
    return members


def _names(runs: Sequence[Run], shared: Mapping[str, str]) -> dict[str, str]:
    """What each arm is called: its name, with the folder where two are called the same."""
    keys = [
        (_key(number, arm), arm, run.folder)
        for number, run in enumerate(runs)
        for arm in run.record["arms"]
        if shared.get(_key(number, arm), _key(number, arm)) == _key(number, arm)
    ]
    forms = {
        key: (arm, f"{folder.resolve().name}@{arm}", f"{shown(folder)}@{arm}")
        for key, arm, folder in keys
    }
    counts = [Counter(form[level] for form in forms.values()) for level in range(3)]
    return {
        key: next((name for level, name in enumerate(form) if counts[level][name] == 1), form[-1])
        for key, form in forms.items()
    }


def _number(value: Any) -> float | None:
    """A factor's value where it is a number; yes and no are none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _numeric_factors(runs: Sequence[Run]) -> list[str]:
    """The factors that are a number in some arm."""
    return list(
        dict.fromkeys(
            name
            for run in runs
            for settings in run.record["arms_shown"].values()
            for name, value in (settings.get("factors") or {}).items()
            if _number(value) is not None
        )
    )


def _factor(runs: Sequence[Run], by: str | None) -> str | None:
    there = _numeric_factors(runs)
    if by is not None and by not in there:
        some = f"; there is {listed(there)}" if there else ": no arm has a factor that is a number"
        raise UserError(f"no arm has the numeric factor '{by}'{did_you_mean(by, there) or some}")
    return by or (STEP if STEP in there else None)


def _notes(runs: Sequence[Run], baselines: Sequence[Member], by: str | None) -> Iterator[str]:
    first = runs[0].record
    if len(baselines) > 1:
        yield (
            f"The baselines differ ({', '.join(one.name for one in baselines)}): each arm is held "
            "against that of its own run, so cells of different runs do not rank arms; ranks do."
        )
    if first.get("limit") is not None:
        yield f"Limited runs: at most {first['limit']} scenarios of each eval were asked."
    if first.get(LOOKS):
        yield "The scenarios came in by looks: marks take no account of having looked before."
    if first.get("seed_kind") == "training":
        yield "Marks say what other scenarios like these would show, not what training again would."
    if by is None and (there := _numeric_factors(runs)):
        others = ", ".join(there)
        yield f"No arm has the factor '{STEP}': `--by` draws trends over another: {others}."
    for run in runs:
        for warning in run.record.get("warnings", ()):
            yield f"{run.experiment}: {warning}"


# Deciding ----------------------------------------------------------------------------------------


class _Held:
    """The mean over seeds of every arm on every principle, and what bars a cell."""

    def __init__(
        self,
        runs: Sequence[Run],
        members: Mapping[str, Member],
        panels: Mapping[str, Panel],
        reasons: Mapping[tuple[str, str], Counter[str]],
    ) -> None:
        self.runs, self.panels, self.reasons = runs, panels, reasons
        self.designs = {name: panel.design for name, panel in panels.items()}
        self.keys = {member.name: key for key, member in list(members.items())[::-1]}
        arms = next(iter(panels.values())).arms if panels else ()
        self.means = {
            (arm, name): scenario_means(panel.values[place])
            for name, panel in panels.items()
            for place, arm in enumerate(arms)
        }
        self.missing = {
            (arm, name): missing(panel.values[place], panel.design)
            for name, panel in panels.items()
            for place, arm in enumerate(arms)
        }

    def baseline_key(self, member: Member) -> str:
        """The key of the baseline of the member's own run."""
        return _key(member.run, self.runs[member.run].baseline)

    def scores(self, member: Member, principle: str) -> Floats:
        """(N,) of an arm, all NaN where its scores do not stand."""
        key = self.keys[member.name]
        scores = self.means[key, principle]
        return np.full(len(scores), np.nan) if self.barred(key, principle) else scores

    def differences(self, member: Member, principle: str) -> Floats:
        """(N,) of an arm, minus the baseline of its run."""
        ours = self.means[self.keys[member.name], principle]
        theirs: Floats = self.means[self.baseline_key(member), principle]
        return ours - theirs

    def barred(self, key: str, principle: str) -> str:
        """Why the scores of an arm do not stand, in words; "" when they do."""
        counts = self.reasons.get((key, principle), Counter())
        told = [f"{counts[why]} scores {text}" for why, text in SENTENCES.items() if counts[why]]
        share = self.missing[key, principle][1]
        limit = self.runs[int(key.split("@", 1)[0])].record.get("max_unscored") or MAX_MISSING
        if not told and share > limit:
            told = [f"{share:.1%} of the scores are missing"]
        return "; ".join(told)

    def doubt(self, member: Member, principle: str) -> str:
        """Why an arm cannot be held against its baseline, in words; "" when it can."""
        keys = self.baseline_key(member), self.keys[member.name]
        for key, whose in zip(keys, ("the baseline", "the arm"), strict=True):
            if told := self.barred(key, principle):
                return f"Of {whose}: {told}."
        base, ours = (self.missing[key, principle][1] for key in keys)
        if abs(base - ours) > MAX_MISSING_GAP:
            return f"Of the baseline {base:.1%} of the scores are missing, of the arm {ours:.1%}."
        return ""

    def unscored(self, member: Member, principle: str) -> int:
        """How many scores an arm and its baseline lack together."""
        keys = self.baseline_key(member), self.keys[member.name]
        return sum(self.missing[key, principle][0] for key in keys)


def _reasons(arranged: Arranged) -> dict[tuple[str, str], Counter[str]]:
    """Why scores are missing: how often each reason, by arm and principle."""
    absent = arranged.rows.keep(np.isnan(arranged.rows.numbers["value"])).texts
    columns = [absent[name] for name in ("arm", "principle", "reason")]
    rows = np.stack([column.codes.astype(np.intp) for column in columns], axis=1)
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    found: dict[tuple[str, str], Counter[str]] = {}
    for codes, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        arm, principle, reason = (
            str(column.names[code]) for column, code in zip(columns, codes, strict=True)
        )
        found.setdefault((arm, principle), Counter())[reason] += count
    return found


def _cells(held: _Held, arms: Sequence[Member]) -> dict[tuple[str, str], Cell]:
    bare = {(arm.name, name): _estimated(held, arm, name) for arm in arms for name in held.panels}
    tested = [key for key, (_, found) in bare.items() if found is not None]
    p_values: dict[tuple[str, str], tuple[float, float]] = {}
    if tested:
        columns = side_by_side([bare[key][1] for key in tested], held.designs)
        lost, gained = (max_t(way, rng=_rng()).tolist() for way in (columns, -columns))
        p_values = dict(zip(tested, zip(lost, gained, strict=True), strict=True))
    return {
        key: cell if key not in p_values else _marked(cell, *p_values[key])
        for key, (cell, _) in bare.items()
    }


def _estimated(held: _Held, arm: Member, principle: str) -> tuple[Cell, Linear | None]:
    """A cell without its mark, and what is tested of it; None: nothing, and the cell says why."""
    y = held.differences(arm, principle)
    reason = held.doubt(arm, principle)
    empty = bool(np.isnan(y).all())
    found = None if empty else linear(y, held.designs[principle])
    if found is None:
        reason = reason or "The arm and its baseline share no scored scenario."
    elif found.clusters < FEWEST_CLUSTERS:
        reason = reason or (
            f"{found.clusters} clusters: at least {FEWEST_CLUSTERS} are needed to say anything."
        )
    cell = Cell(
        mark=Mark.VOID if reason else Mark.OPEN,
        difference=UNKNOWN if found is None else laddered(found),
        p_lost=None,
        p_gained=None,
        scenarios=0 if found is None else found.scenarios,
        clusters=0 if found is None else found.clusters,
        informative_clusters=0 if found is None else found.informative_clusters,
        unscored=held.unscored(arm, principle),
        reason=reason,
    )
    return cell, None if reason else found


def _marked(cell: Cell, p_lost: float, p_gained: float) -> Cell:
    above = cell.difference.low is not None and cell.difference.low > 0
    gained = p_gained <= IMPROVEMENT_LEVEL and above
    mark = Mark.LOST if p_lost <= REGRESSION_LEVEL else Mark.GAINED if gained else Mark.OPEN
    return replace(cell, mark=mark, p_lost=p_lost, p_gained=p_gained)


def _with_slices(
    held: _Held,
    arms: Sequence[Member],
    cells: Mapping[tuple[str, str], Cell],
    traits: Mapping[str, Trait],
) -> dict[tuple[str, str], Cell]:
    """The cells, the marked ones with the slices that moved most."""
    full = dict(cells)
    for name, panel in held.panels.items():
        divided = parts([traits[key] for key in panel.scenarios])
        for arm in arms:
            cell = full[arm.name, name]
            if cell.mark in (Mark.LOST, Mark.GAINED):
                moved = _moved(held.differences(arm, name), panel.design, divided)
                full[arm.name, name] = replace(cell, moved=moved)
    return full


def _moved(y: Floats, design: Design, divided: Mapping[Part, Sequence[int]]) -> tuple[Moved, ...]:
    """The slices with the largest differences; those with too few clusters say nothing."""
    found = []
    for part, members in divided.items():
        mask = np.zeros(len(y), dtype=np.bool_)
        mask[members] = True
        if np.isnan(y[mask]).all():
            continue
        one = linear(y[mask], design.keep(mask))
        if one.clusters >= FEWEST_CLUSTERS:
            found.append(Moved(part=part, difference=laddered(one), clusters=one.clusters))
    found.sort(key=lambda one: -abs(one.difference.value or 0.0))
    return tuple(found[:SLICES])


# Ranks and rows ----------------------------------------------------------------------------------


def _standings(held: _Held, members: Sequence[Member]) -> dict[tuple[str, str], Standing]:
    """The mean of each arm, and the ranks that it may have among all arms with scores."""
    found: dict[tuple[str, str], Standing] = {}
    for name, design in held.designs.items():
        scores = {one.name: held.scores(one, name) for one in members}
        ranked = {arm: y for arm, y in scores.items() if not np.isnan(y).all()}
        ranks = rank_intervals(np.stack(list(ranked.values())), design, _rng()) if ranked else ()
        places = dict(zip(ranked, ranks, strict=True))
        for arm, y in scores.items():
            mean = linear(y, design).mean if arm in ranked else None
            found[arm, name] = Standing(mean=mean, ranks=places.get(arm))
    return found


def _rows(
    held: _Held, members: Sequence[Member], cells: Mapping[tuple[str, str], Cell]
) -> tuple[tuple[Course, ...], tuple[FirstLoss, ...]]:
    """The arms in rows: the trend on each principle, and the first that lost."""
    rows: dict[str, list[Member]] = {}
    for one in members:
        if one.step is not None:
            rows.setdefault(one.line, []).append(one)
    rows = {line: row for line, row in rows.items() if len({one.step for one in row}) > 1}
    for row in rows.values():
        row.sort(key=lambda one: one.step or 0.0)
    courses = [_course(held, name, row) for row in rows.values() for name in held.panels]
    adjusted = holm([_two_sided(one.slope) for one in courses]).tolist() if courses else []
    return (
        tuple(replace(one, p_adjusted=known(p)) for one, p in zip(courses, adjusted, strict=True)),
        tuple(_first(row, held.panels, cells) for row in rows.values()),
    )


def _course(held: _Held, principle: str, row: Sequence[Member]) -> Course:
    design = held.designs[principle]
    scores = np.stack([held.scores(one, principle) for one in row])
    steps = tuple(one.step or 0.0 for one in row)
    return Course(
        principle=principle,
        line=row[0].line,
        arms=tuple(one.name for one in row),
        steps=steps,
        means=tuple(None if np.isnan(y).all() else linear(y, design).mean for y in scores),
        slope=trend(np.array(steps), scores, design, _rng()),
        p_adjusted=None,
    )


def _two_sided(found: Change) -> float | None:
    if found.p_less is None or found.p_greater is None:
        return None
    return min(1.0, 2 * min(found.p_less, found.p_greater))


def _first(
    row: Sequence[Member], principles: Mapping[str, Panel], cells: Mapping[tuple[str, str], Cell]
) -> FirstLoss:
    """As `stats.series.first_regression`, of the one family that all cells are in."""
    compared = [one for one in row if one.name != one.baseline]
    lost = {
        one.name: tuple(name for name in principles if cells[one.name, name].mark is Mark.LOST)
        for one in compared
    }
    first = next((one for one in compared if lost[one.name]), None)
    return FirstLoss(
        line=row[0].line,
        arms=len(compared),
        arm=first.name if first else None,
        step=first.step if first else None,
        principles=lost[first.name] if first else (),
    )


def _rng() -> np.random.Generator:
    return np.random.default_rng(RNG_SEED)
