"""Tables that go through people's spreadsheets: CSV and JSONL, read strictly, no cell a formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tastemaker.errors import UserError
from tastemaker.escaping import from_spreadsheet, spreadsheet
from tastemaker.reading import (
    Mark,
    Problem,
    delimiter,
    described,
    did_you_mean,
    error,
    listed,
    read_text,
    shown,
    without_duplicates,
)

KINDS = (".csv", ".jsonl")
LARGEST = 256 * 2**20
LONGEST_CELL = 2**31 - 1
MOST_ALIKE = 3
"""Cells of which the same is told one by one; of the others their number."""

Value = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a file."""

    line: int
    """On which it starts, from 1."""
    cells: Mapping[str, str]
    """Text by column; "" where there is none."""
    places: Mapping[str, int]
    """The place of each column in the line, from 1; empty for JSON."""


class Sheet:
    """The rows of a file and everything that is found to be wrong in them."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            UserError: It cannot be read at all. What is wrong in single rows comes with `checked`.
        """
        self.path = path
        self.problems: list[Problem] = []
        self.columns: list[str] = []
        self.is_csv = _kind(path) == ".csv"
        read = self._csv if self.is_csv else self._json
        self.rows = list(read(read_text(path, LARGEST)))
        if not self.rows and not self.problems:
            self.problems.append(Problem(Mark(1, 1), "the file has no rows"))

    def expect(self, needed: Iterable[str], optional: Iterable[str]) -> None:
        """Find columns that are missing, and those that nobody knows."""
        known = list(dict.fromkeys([*needed, *optional]))
        for place, name in enumerate(self.columns, 1):
            if name and name not in known:
                hint = did_you_mean(name, known) or f": expected {listed(known)}"
                self._add(1, place if self.is_csv else 1, f"unknown column '{name}'{hint}")
        for name in needed:
            if self.columns and name not in self.columns:
                self._add(1, 1, f"the column '{name}' is missing")

    def wrong(self, row: Row, column: str, message: str) -> None:
        """Note a problem in a cell."""
        self._add(row.line, row.places.get(column, 1), f"{column}: {message}")

    def checked(self) -> None:
        """Raise a UserError with every problem at once, if there is any."""
        if self.problems:
            raise error(self.path, _gathered(self.problems))

    def _add(self, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(Mark(line, column), message))

    def _csv(self, text: str) -> Iterator[Row]:
        split_by = delimiter(text.partition("\n")[0])
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=split_by, strict=True)
        usual = csv.field_size_limit(LONGEST_CELL)
        line = 1
        try:
            for cells in reader:
                if not self.columns:
                    self._header(cells)
                elif any(cells):
                    yield from self._cells(line, cells)
                line = reader.line_num + 1
        except csv.Error as wrong:
            self._add(line, 1, f"not CSV: {wrong}")
        finally:
            csv.field_size_limit(usual)

    def _header(self, cells: Sequence[str]) -> None:
        self.columns = [cell.strip() for cell in cells]
        for place, name in enumerate(self.columns, 1):
            if not name:
                self._add(1, place, "a column without a name")
            elif name in self.columns[: place - 1]:
                self._add(1, place, f"a second column '{name}'")

    def _cells(self, line: int, cells: Sequence[str]) -> Iterator[Row]:
        if len(cells) != len(self.columns):
            what = f"expected {len(self.columns)} cells, as in the header, found {len(cells)}"
            self._add(line, min(len(cells), len(self.columns)) + 1, what)
            return
        yield Row(
            line=line,
            cells=dict(zip(self.columns, map(from_spreadsheet, cells), strict=True)),
            places={name: place for place, name in enumerate(self.columns, 1)},
        )

    def _json(self, text: str) -> Iterator[Row]:
        known: dict[str, None] = {}
        for line, one in enumerate(text.split("\n"), 1):
            if not one.strip():
                continue
            try:
                row = json.loads(one, object_pairs_hook=without_duplicates)
            except (ValueError, RecursionError) as wrong:
                column = wrong.colno if isinstance(wrong, json.JSONDecodeError) else 1
                self._add(line, column, f"not JSON: {getattr(wrong, 'msg', wrong)}")
                continue
            if not isinstance(row, dict):
                self._add(line, 1, f"expected an object of keys and values, found {described(row)}")
                continue
            known |= dict.fromkeys(row)
            if not (odd := [name for name, value in row.items() if not _is_cell(value)]):
                cells = {name: _text(value) for name, value in row.items()}
                yield Row(line=line, cells=cells, places={})
            for name in odd:
                self._add(
                    line, 1, f"{name}: expected text or a number, found {described(row[name])}"
                )
        self.columns = list(known)


def _gathered(problems: Iterable[Problem]) -> list[Problem]:
    """The problems; what is wrong alike in many rows is told of the first, with a number."""
    alike: dict[str, list[Mark]] = {}
    for one in problems:
        alike.setdefault(one.message, []).append(one.mark)
    told = []
    for message, marks in alike.items():
        first = sorted(marks)[:MOST_ALIKE]
        more = len(marks) - len(first)
        last = f"{message} (and so in {more} more rows)" if more else message
        told += [Problem(mark, message) for mark in first[:-1]] + [Problem(first[-1], last)]
    return told


def _is_cell(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    """The rows as CSV, no cell a formula; a column that a row does not have is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([spreadsheet(_text(row.get(name))) for name in columns])
    return out.getvalue()


def as_jsonl(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    """The rows as one JSON object a line."""
    lines = ({name: row.get(name) for name in columns} for row in rows)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def as_text(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> str:
    """The rows in the form that the name of a file asks for; UserError for any other ending."""
    return (as_csv if _kind(path) == ".csv" else as_jsonl)(columns, rows)


def _kind(path: Path) -> str:
    if path.suffix.lower() not in KINDS:
        raise UserError(f"{shown(path)}: expected a file ending in {listed(KINDS)}")
    return path.suffix.lower()
