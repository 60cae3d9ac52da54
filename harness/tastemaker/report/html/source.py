"""What a page shows beside results: the replies, and when they were made."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from tastemaker.tables import REPLIES, SCORES, read_table, refuse_edited

COLUMNS = ("eval", "scenario", "arm", "seed", "prompt", "messages", "reply", "document",
           "versions", "findings", "error")  # fmt: skip
JSON = {"messages": "[]", "versions": "[]", "findings": "{}"}
"""Which of them hold JSON, and what stands for nothing there."""
DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Spot(NamedTuple):
    """Where a reply belongs."""

    arm: str
    scenario: str
    """"eval/scenario", as panels name it."""


class Row(NamedTuple):
    """Where a reply is stored."""

    arm: str
    place: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """The replies of the arms of a report.

    Rows are cut out one by one and columns read as lists: what Arrow has to find and take rows
    imports pandas, which costs more than it saves here.
    """

    tables: Mapping[str, tuple[pa.Table, str]]
    """By arm: a table with the columns of `COLUMNS`, and the arm's name there; {} where only
    scores are there."""
    dates: tuple[str, ...] = ()
    """The days on which the logs of the replies were begun, ascending, as YYYY-MM-DD."""

    @cached_property
    def places(self) -> Mapping[Spot, Mapping[int, Row]]:
        """Where each reply is stored, by arm and scenario, then by seed, ascending."""
        found: dict[Spot, dict[int, Row]] = {}
        for arm, (table, name) in self.tables.items():
            columns = [table[key].to_pylist() for key in ("eval", "scenario", "arm", "seed")]
            for place, (home, scenario, there, seed) in enumerate(zip(*columns, strict=True)):
                if there == name:
                    spot = Spot(arm, f"{home}/{scenario}")
                    found.setdefault(spot, {})[seed] = Row(arm, place)
        return {spot: dict(sorted(rows.items())) for spot, rows in found.items()}

    @cached_property
    def prompts(self) -> Mapping[str, str]:
        """The prompt of each scenario."""
        said = self._column("prompt")
        return {
            spot.scenario: said[row.arm][row.place]
            for spot, rows in self.places.items()
            for row in rows.values()
        }

    @cached_property
    def failed(self) -> frozenset[str]:
        """The scenarios of which a reply is not there, by an error or otherwise."""
        gone = self._column("error")
        return frozenset(
            spot.scenario
            for spot, rows in self.places.items()
            if any(gone[row.arm][row.place] for row in rows.values())
        )

    def rows(self, wanted: Iterable[Row]) -> list[dict[str, Any]]:
        """Some rows as plain data, their JSON read."""
        return [self._row(one) for one in wanted]

    def _row(self, one: Row) -> dict[str, Any]:
        found: dict[str, Any] = self.tables[one.arm][0].slice(one.place, 1).to_pylist()[0]
        return found | {name: json.loads(found[name] or empty) for name, empty in JSON.items()}

    def _column(self, name: str) -> dict[str, list[str]]:
        """A column of each arm's table; arms that share a table share the list."""
        read: dict[int, list[str]] = {}
        for table, _ in self.tables.values():
            if id(table) not in read:
                read[id(table)] = table[name].to_pylist()
        return {arm: read[id(table)] for arm, (table, _) in self.tables.items()}


NO_REPLIES = Source(tables={})


def read_source(parts: Mapping[str, tuple[Path, str]]) -> Source:
    """The replies of some arms: {name in the report: (folder of the run, name in the run)}.

    UserError when a folder has no tables of ours, or its replies were edited after the run.
    """
    folders = dict.fromkeys(folder for folder, _ in parts.values())
    for folder in folders:
        refuse_edited(folder, REPLIES)
    # In one piece, or every row that is cut out would look through the pieces.
    tables = {one: read_table(one / REPLIES, COLUMNS).combine_chunks() for one in folders}
    days = {day for folder in folders for day in _days(folder)}
    return Source(
        tables={name: (tables[folder], arm) for name, (folder, arm) in parts.items()},
        dates=tuple(sorted(days)),
    )


def _days(folder: Path) -> set[str]:
    """The days that the names of a run's logs begin with."""
    logs = read_table(folder / SCORES, ["log"], read_dictionary=["log"])["log"]
    names = {name for chunk in logs.chunks for name in chunk.dictionary.to_pylist()}
    return {found[0] for name in names if name and (found := DATE.match(name))}
