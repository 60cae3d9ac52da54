"""What a page shows beside results: the replies, and when they were made."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tastemaker.tables import REPLIES, SCORES, read_table

COLUMNS = ("eval", "scenario", "arm", "seed", "prompt", "messages", "reply", "document",
           "findings", "error")  # fmt: skip
DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Spot(NamedTuple):
    """Where a reply belongs."""

    arm: str
    scenario: str
    """"eval/scenario", as panels name it."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """The replies of the arms of a report."""

    table: pa.Table | None
    """With the columns of `COLUMNS`; None where only scores are there."""
    dates: tuple[str, ...]
    """The days on which the logs of the replies were begun, ascending, as YYYY-MM-DD."""

    @cached_property
    def places(self) -> Mapping[Spot, Mapping[int, int]]:
        """The row of each reply, by arm and scenario, then by seed, ascending."""
        found: dict[Spot, dict[int, int]] = {}
        if self.table is None:
            return found
        columns = [self.table[name].to_pylist() for name in ("eval", "scenario", "arm", "seed")]
        for row, (home, scenario, arm, seed) in enumerate(zip(*columns, strict=True)):
            found.setdefault(Spot(arm, f"{home}/{scenario}"), {})[seed] = row
        return {spot: dict(sorted(rows.items())) for spot, rows in found.items()}

    @cached_property
    def prompts(self) -> Mapping[str, str]:
        """The prompt of each scenario."""
        if self.table is None:
            return {}
        first = {spot.scenario: next(iter(rows.values())) for spot, rows in self.places.items()}
        said = self.table["prompt"].take(pa.array(list(first.values()), pa.int64())).to_pylist()
        return dict(zip(first, said, strict=True))

    @cached_property
    def failed(self) -> frozenset[str]:
        """The scenarios of which a reply is not there, by an error or otherwise."""
        if self.table is None:
            return frozenset()
        gone = pc.greater(pc.binary_length(self.table["error"]), 0).to_pylist()
        return frozenset(
            spot.scenario
            for spot, rows in self.places.items()
            if any(gone[row] for row in rows.values())
        )

    def rows(self, wanted: Iterable[int]) -> list[dict[str, Any]]:
        """Some rows as plain data, their JSON read."""
        assert self.table is not None
        listed: list[dict[str, Any]] = self.table.take(
            pa.array(list(wanted), pa.int64())
        ).to_pylist()
        for row in listed:
            row["messages"] = json.loads(row["messages"] or "[]")
            row["findings"] = json.loads(row["findings"] or "{}")
        return listed


def read_source(parts: Mapping[str, tuple[Path, str]]) -> Source:
    """The replies of some arms: {name in the report: (folder of the run, name in the run)}.

    UserError when a folder has no tables of ours.
    """
    folders = {folder: read_table(folder / REPLIES, COLUMNS) for folder, _ in parts.values()}
    tables = [_of_arm(folders[folder], arm, name) for name, (folder, arm) in parts.items()]
    logs = {
        name
        for folder in folders
        for name in pc.unique(read_table(folder / SCORES, ["log"])["log"]).to_pylist()
    }
    days = {found[0] for name in logs if name and (found := DATE.match(name))}
    return Source(table=pa.concat_tables(tables), dates=tuple(sorted(days)))


def _of_arm(table: pa.Table, arm: str, name: str) -> pa.Table:
    found = table.filter(pc.equal(table["arm"], arm))
    place = found.schema.get_field_index("arm")
    return found.set_column(place, "arm", pa.repeat(name, len(found)))


NO_REPLIES = Source(table=None, dates=())
