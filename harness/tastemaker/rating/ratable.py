"""What of a run people can rate: its replies, and the criteria that apply to each."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from tastemaker.errors import UserError
from tastemaker.experiment import Experiment
from tastemaker.records import Finding
from tastemaker.tables import REPLIES, SCORES, read_table

Criteria = Literal["judged", "all"]
Home = tuple[str, str]
"""Eval and scenario."""
Spot = tuple[str, str, int]
"""Eval, scenario and seed."""

CHECK = "check"
"""The grader of criteria that need no judge, and so no people."""
ASKED = ("eval", "scenario", "seed", "arm", "principle", "criterion", "weight", "grader", "value")
SETTING = ("eval", "scenario", "stratum", "stratum_weight", "scenario_weight", "split")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of a scenario."""

    stratum: str
    stratum_weight: float | None
    """As in the scores table: None counts the stratum by its scenarios."""
    weight: float
    split: str


@dataclass(frozen=True, kw_only=True)
class Ratable:
    """What of one run people can rate."""

    arms: tuple[str, ...]
    """Those that have replies, in the experiment's order: the baseline first."""
    replies: Mapping[Spot, frozenset[str]]
    """The arms that replied to each scenario in each seed."""
    questions: Mapping[Home, Mapping[str, bool]]
    """By scenario its criteria, as principle/criterion, in the rubric's order: whether a judge
    answers it."""
    settings: Mapping[Home, Setting]
    rows: pa.Table
    """The criterion rows of the scores table of these arms, with the columns `ASKED`."""

    def asked(self, home: Home, criteria: Criteria) -> list[str]:
        """The criteria that people are asked about a scenario, as principle/criterion."""
        known = self.questions.get(home, {})
        return [name for name, judged in known.items() if judged or criteria == "all"]


def read_ratable(experiment: Experiment, folder: Path, only: Set[str] = frozenset()) -> Ratable:
    """What people can rate in a run; with `only`, the replies of these arms.

    Raises:
        UserError: There is no run, or it has no reply with a criterion.
    """
    replies = read_table(folder / REPLIES, ["eval", "scenario", "arm", "seed", "error"])
    wanted = [name for name in experiment.arms if not only or name in only]
    found: dict[Spot, set[str]] = {}
    for row in replies.filter(pc.equal(replies["error"], "")).to_pylist():
        if row["arm"] in wanted:
            found.setdefault((row["eval"], row["scenario"], row["seed"]), set()).add(row["arm"])
    present = set().union(*found.values()) if found else set()
    arms = tuple(name for name in wanted if name in present)
    scores = read_table(folder / SCORES, list(dict.fromkeys((*ASKED, *SETTING))))
    rows = _of_arms(scores.filter(pc.is_valid(scores["criterion"])), arms)
    if not arms or not len(rows):
        raise UserError(f"{experiment.name}: has no reply with a criterion that people could rate")
    return Ratable(
        arms=arms,
        replies={spot: frozenset(names) for spot, names in found.items()},
        questions=_questions(rows),
        settings=_settings(rows),
        rows=rows.select(ASKED),
    )


def _of_arms(table: pa.Table, arms: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table["arm"], value_set=pa.array(arms, pa.string())))


def _distinct(table: pa.Table, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The distinct values of some columns, in order of appearance."""
    rows: list[dict[str, Any]] = (
        table.group_by(list(columns), use_threads=False).aggregate([]).to_pylist()
    )
    return rows


def _questions(rows: pa.Table) -> dict[Home, dict[str, bool]]:
    questions: dict[Home, dict[str, bool]] = {}
    for row in _distinct(rows, ("eval", "scenario", "principle", "criterion", "grader")):
        asked = questions.setdefault((row["eval"], row["scenario"]), {})
        name = f"{row['principle']}/{row['criterion']}"
        asked[name] = asked.get(name, False) or row["grader"] != CHECK
    return questions


def _settings(rows: pa.Table) -> dict[Home, Setting]:
    return {
        (row["eval"], row["scenario"]): Setting(
            stratum=row["stratum"],
            stratum_weight=row["stratum_weight"],
            weight=row["scenario_weight"],
            split=row["split"],
        )
        for row in _distinct(rows, SETTING)
    }


def failures(ratable: Ratable, criteria: Criteria) -> dict[Spot, set[tuple[str, str]]]:
    """What the judge found wrong, by scenario and seed: (arm, principle/criterion).

    A criterion fails below one half of what is satisfied; where met is bad, the other way round.
    """
    rows = _rated(ratable, criteria)
    low, bad = pc.less(rows["value"], 0.5), pc.less(rows["weight"], 0)
    failed = rows.filter(pc.fill_null(pc.xor(low, bad), False))
    found: dict[Spot, set[tuple[str, str]]] = {}
    for row in failed.select(ASKED[:6]).to_pylist():
        spot = (row["eval"], row["scenario"], row["seed"])
        found.setdefault(spot, set()).add((row["arm"], f"{row['principle']}/{row['criterion']}"))
    return found


def unanswered(ratable: Ratable, criteria: Criteria) -> set[Spot]:
    """The scenarios and seeds in which the judge left a criterion without a value."""
    rows = _rated(ratable, criteria)
    rows = rows.filter(pc.is_null(rows["value"]))
    return {
        (row["eval"], row["scenario"], row["seed"]) for row in rows.select(ASKED[:3]).to_pylist()
    }


Findings = Mapping[tuple[str, str, int, str], Mapping[str, Finding]]
"""By eval, scenario, seed and arm: the judge's answers by principle/criterion."""


def read_findings(folder: Path, spots: Set[Spot], arms: Set[str]) -> Findings:
    """What the judge, and its panel, said of the replies of some arms to some scenarios."""
    return {
        (*spot, row["arm"]): {
            name.replace(".", "/"): Finding(
                value=told["value"],
                reason=told["reason"],
                quote=told["quote"],
                votes=tuple((who, value) for who, value in told.get("votes", ())),
            )
            for name, told in json.loads(row["findings"]).items()
        }
        for spot, row in _replies(folder, spots, ["findings"])
        if row["arm"] in arms
    }


def _replies(
    folder: Path, spots: Set[Spot], columns: Sequence[str]
) -> Iterator[tuple[Spot, dict[str, Any]]]:
    """The rows of the replies table at some places, with these columns."""
    table = read_table(folder / REPLIES, ["eval", "scenario", "seed", "arm", *columns])
    scenarios = pa.array(sorted({spot[1] for spot in spots}), pa.string())
    for row in table.filter(pc.is_in(table["scenario"], value_set=scenarios)).to_pylist():
        spot = (row["eval"], row["scenario"], row["seed"])
        if spot in spots:
            yield spot, row


def met_shares(ratable: Ratable, criteria: Criteria) -> dict[str, float]:
    """How good the replies are by the judge, by principle: the mean share satisfied, unweighted."""
    rows = _rated(ratable, criteria)
    bad = pc.less(rows["weight"], 0)
    good = pc.if_else(bad, pc.subtract(1.0, rows["value"]), rows["value"])
    means = (
        pa.table({"principle": rows["principle"], "good": good})
        .group_by("principle", use_threads=False)
        .aggregate([("good", "mean")])
        .to_pylist()
    )
    return {row["principle"]: row["good_mean"] for row in means if row["good_mean"] is not None}


def _rated(ratable: Ratable, criteria: Criteria) -> pa.Table:
    if criteria == "all":
        return ratable.rows
    return ratable.rows.filter(pc.not_equal(ratable.rows["grader"], CHECK))
