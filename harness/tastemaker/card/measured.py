"""What a cell of a card rests on: one arm of one run, and the settings it was measured with."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tastemaker.card_spec import CardSpec, Row
from tastemaker.comparison import OF_ARM, OF_EVAL, OF_RUN, RunArm, open_record
from tastemaker.errors import UserError
from tastemaker.experiment import TRANSPORT
from tastemaker.reading import Location, did_you_mean, shown
from tastemaker.records import NO_ANSWER
from tastemaker.results import SENTENCES
from tastemaker.stats.estimates import ArmEstimate, arm_mean
from tastemaker.stats.paired import MAX_MISSING
from tastemaker.stats.panel import Panel
from tastemaker.tables import SCORES, Arranged, Scores, joined, read_scores, read_table


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One arm's result on one row."""

    run: RunArm
    estimate: ArmEstimate
    evals: tuple[str, ...]
    """The evals that the principle was measured in."""
    settings: Mapping[str, Any]
    """All that must be equal for two results to mean the same, by name."""
    replies: int
    """Replies that should have a score."""
    unscored: Mapping[str, int]
    """Those without one, by reason."""
    format_failures: int | None
    """Replies whose score says that the form was missed; None where nothing tells that."""
    max_unscored: float

    @property
    def incomplete(self) -> list[str]:
        """What should be there and is not, in words."""
        return [
            f"{self.unscored[reason]} of {self.replies} replies {told}"
            for reason, told in SENTENCES.items()
            if self.unscored.get(reason)
        ]

    @property
    def stands(self) -> bool:
        """Whether enough is scored, and nothing left out, for the value to be shown."""
        missing = sum(self.unscored.values())
        enough = missing <= self.max_unscored * self.replies
        return enough and not self.incomplete and bool(np.isfinite(self.estimate.mean))


def open_runs(spec: CardSpec) -> dict[str, list[RunArm]]:
    """The runs of each column, which know at least the rows' names.

    Raises:
        UserError: A folder holds no run; a run has no such arm; a row asks for a principle, an eval
            or a criterion that no run has. All of it at once.
    """
    problems: list[tuple[Location, str]] = []
    runs: dict[str, list[RunArm]] = {name: [] for name in spec.columns}
    for name, column in spec.columns.items():
        for number, one in enumerate(column.runs):
            record = open_record(Path(one.logs))
            if one.arm in record["arms"]:
                runs[name].append(RunArm(folder=Path(one.logs), arm=one.arm, record=record))
                continue
            known = did_you_mean(one.arm, record["arms"])
            place = ("columns", name, "runs", number, "arm")
            problems.append((place, f"{shown(Path(one.logs))} has no arm '{one.arm}'{known}"))
    if not problems:
        problems = list(_strange_rows(spec, {run.folder for of in runs.values() for run in of}))
    if problems:
        raise spec.mistaken(problems)
    return runs


def _strange_rows(spec: CardSpec, folders: Collection[Path]) -> Iterator[tuple[Location, str]]:
    """What rows name and none of the runs has."""
    principles, evals, criteria = set[str](), set[str](), set[str]()
    for folder in folders:
        rows = _scores(folder)
        asked = rows.keep(~rows.texts["criterion"].equal(None))
        principles.update(map(str, rows.texts["principle"].spoken()))
        evals.update(map(str, rows.texts["eval"].spoken()))
        columns = [asked.texts[name] for name in ("principle", "criterion")]
        pairs = set(zip(*(column.codes.tolist() for column in columns), strict=True))
        criteria.update(
            "/".join(str(column.names[code]) for column, code in zip(columns, pair, strict=True))
            for pair in pairs
        )
    for number, row in enumerate(spec.rows):
        if row.published:
            continue
        wanted: list[tuple[Location, str, set[str], str]] = [
            (
                ("principle",),
                row.principle or "",
                principles,
                "no run of any column has scores for",
            ),
            (("eval",), row.eval or "", evals, "no run of any column has an eval"),
        ]
        wanted += [
            (("format_criteria", place), name, criteria, "no run of any column has a criterion")
            for place, name in enumerate(row.format_criteria)
        ]
        for at, name, known, told in wanted:
            if name and name not in known:
                yield ("rows", number, *at), f"{told} '{name}'{did_you_mean(name, known)}"


def measured(spec: CardSpec, row: Row, column: str, runs: Sequence[RunArm]) -> Measured | None:
    """What a column has for a row; None where none of its runs measured it.

    Raises:
        UserError: Several of the runs measured it.
    """
    found = [one for run in runs for one in _measured(spec, row, column, run)]
    if len(found) > 1:
        where = ", ".join(one.run.folder.name for one in found)
        raise UserError(
            f"{spec.card}: '{row.title}' of {column} stands in several runs ({where}): "
            "name its `eval`, or take a run out"
        )
    return found[0] if found else None


def _measured(spec: CardSpec, row: Row, column: str, run: RunArm) -> Iterator[Measured]:
    scores = of_row(_scores(run.folder), row)
    arranged = Arranged(scores, [run.arm], eval_weights=run.record.get("weights"))
    panel = arranged.panels().get(row.principle or "")
    if panel is None:
        return
    evals = tuple(arranged.evals_of(panel.principle))
    mine = scores.keep(
        scores.texts["arm"].equal(run.arm)
        & scores.texts["principle"].equal(row.principle)
        & scores.texts["criterion"].equal(None)
    )
    uniform = spec.elicitation_of(column) == "uniform"
    yield Measured(
        run=run,
        estimate=arm_mean(panel.arm(run.arm), panel.design, alpha=spec.alpha),
        evals=evals,
        settings=dict(_settings(run, evals, uniform=uniform)),
        replies=len(mine.numbers["value"]),
        unscored=_unscored(mine),
        format_failures=_format_failures(row, run, mine, evals),
        max_unscored=float(run.record.get("max_unscored", MAX_MISSING)),
    )


def of_row(scores: Scores, row: Row) -> Scores:
    """The scores of the row's eval; all where it names none."""
    return scores if row.eval is None else scores.keep(scores.texts["eval"].equal(row.eval))


@lru_cache(maxsize=64)
def _scores(folder: Path) -> Scores:
    return read_scores(folder)


def side_by_side(row: Row, arms: Mapping[str, Measured]) -> Panel:
    """One panel of the row's principle with an arm for each column."""
    scores = joined(
        {name: (of_row(_scores(one.run.folder), row), one.run.arm) for name, one in arms.items()}
    )
    first = next(iter(arms.values()))
    arranged = Arranged(scores, list(arms), eval_weights=first.run.record.get("weights"))
    return arranged.panels()[row.principle or ""]


def _settings(run: RunArm, evals: Collection[str], *, uniform: bool) -> Iterator[tuple[str, Any]]:
    """What must be equal, by name; the model itself and, asked its own way, its prompt are free."""
    for key in OF_RUN:
        if key != "weights":
            yield key, run.record.get(key)
    if len(evals) > 1:  # how one eval counts beside others matters to what pools them alone
        weights = run.record.get("weights") or {}
        counts = {name: float(weights.get(name, 1.0)) for name in sorted(evals)}
        total = sum(counts.values()) or 1.0
        yield "weights", {name: round(count / total, 6) for name, count in counts.items()}
    named = dict(zip(run.record.get("evals", {}), run.record.get("named_evals", []), strict=False))
    yield "evals", sorted(evals)
    for name in sorted(evals):
        for key in OF_EVAL:
            yield f"{key.replace('_', ' ')} of {name}", run.record["evals"].get(name, {}).get(key)
        reference = named.get(name)
        yield f"task of {name}", reference if isinstance(reference, dict) else None
    config = run.settings.get("config") or {}
    for key in sorted(config.keys() - TRANSPORT):
        yield key.replace("_", " "), config[key]
    if uniform:
        yield "system prompt", run.settings.get("system")
        for key in OF_ARM:
            yield ("shots" if key == "few_shot" else key), run.settings.get(key) or None


def _unscored(mine: Scores) -> dict[str, int]:
    absent = mine.keep(np.isnan(mine.numbers["value"]))
    reasons = absent.texts["reason"]
    return {
        str(reason) or "unscored": int(reasons.equal(reason).sum()) for reason in reasons.spoken()
    }


def _format_failures(row: Row, run: RunArm, mine: Scores, evals: Sequence[str]) -> int | None:
    """Replies that missed the form: by the row's criteria, or by a task that found no answer."""
    if row.format_criteria:
        return _failed_criteria(row, run, evals)
    foreign = [name for name in evals if run.record["evals"].get(name, {}).get("rubric") is None]
    if not foreign:
        return None
    return int(mine.texts["reason"].equal(NO_ANSWER).sum())


def _failed_criteria(row: Row, run: RunArm, evals: Sequence[str]) -> int:
    """How many replies fail one of the criteria that ask for the form."""
    wanted = ["eval", "arm", "scenario", "seed", "principle", "criterion", "weight", "value"]
    failed, known = set(), set()
    for one in read_table(run.folder / SCORES, wanted).to_pylist():
        if one["arm"] != run.arm or one["eval"] not in evals or one["criterion"] is None:
            continue
        name = f"{one['principle']}/{one['criterion']}"
        if name in row.format_criteria:
            known.add(name)
            if one["value"] is not None and (one["value"] < 1) == (one["weight"] > 0):
                failed.add((one["eval"], one["scenario"], one["seed"]))
    if strange := sorted(set(row.format_criteria) - known):
        raise UserError(f"'{row.title}': no criterion '{strange[0]}' in {', '.join(evals)}")
    return len(failed)
