"""Rows of JSONL, CSV and Parquet files as nodes, so that a row is checked like any other entry.

In the errors a row has the line on which it starts, in Parquet its number, and column 1.
"""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tastemaker.errors import UserError
from tastemaker.reading import (
    DEEPEST,
    Mark,
    Node,
    Problem,
    Source,
    did_you_mean,
    error,
    listed,
    read_text,
    scalar,
    shown,
    without_duplicates,
)

LARGEST_DATA = 512 * 2**20
KINDS = (".jsonl", ".csv", ".parquet")

Rows = list[tuple[int, Mapping[str, Any]]]
"""Each row with the line on which it starts."""


class _Written(str):
    """Text of a CSV cell: a number where a number is wanted, as it stands elsewhere."""


def read_rows(path: Path, columns: Mapping[str, str]) -> list[Source]:
    """The rows of a data file.

    `columns` gives for each field the column it is read from, and no other column is read; without
    it columns are fields. `labels.kind` is the field `kind` of `labels`. An empty cell is absent.
    UserError with every problem at once.
    """
    problems: list[Problem] = []
    rows = _reader(path)(path, problems)
    known = {column for _, row in rows for column in row}
    problems += [
        Problem(Mark(line, 1), f"nested more than {DEEPEST} levels deep")
        for line, row in rows
        if _deeper_than(DEEPEST, row)
    ]
    for field, column in columns.items():
        if rows and column not in known:
            hint = did_you_mean(column, known) or f": there is {listed(sorted(known))}"
            problems.append(Problem(Mark(1, 1), f"no column '{column}' for '{field}'{hint}"))
    if problems:
        raise error(path, problems)
    if not rows:
        raise error(path, [Problem(Mark(1, 1), "the file has no rows")])
    return [Source(path, _row(row, columns, Mark(line, 1))) for line, row in rows]


def _deeper_than(levels: int, value: Any) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(levels - 1, child) for child in children)


def _reader(path: Path) -> Any:
    readers = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}
    if path.suffix not in readers:
        raise UserError(f"{shown(path)}: expected a file ending in {listed(KINDS)}")
    return readers[path.suffix]


def _json_lines(path: Path, problems: list[Problem]) -> Rows:
    rows: Rows = []
    for number, line in enumerate(read_text(path, LARGEST_DATA).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_refuse, object_pairs_hook=without_duplicates)
            json.dumps(row, ensure_ascii=False).encode()
        except json.JSONDecodeError as wrong:
            problems.append(Problem(Mark(number, wrong.colno), f"not JSON: {wrong.msg}"))
        except (ValueError, RecursionError) as wrong:
            problems.append(Problem(Mark(number, 1), f"not JSON: {wrong}"))
        else:
            if isinstance(row, dict):
                rows.append((number, row))
            else:
                problems.append(Problem(Mark(number, 1), "expected a JSON object on each line"))
    return rows


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a finite number")


def _csv(path: Path, problems: list[Problem]) -> Rows:
    records = _records(path, problems)
    _, header = next(records, (1, []))
    for name in {name for name in header if header.count(name) > 1 or not name.strip()}:
        what = f"two columns '{name}'" if name.strip() else "a column without a name"
        problems.append(Problem(Mark(1, 1), what))
    rows: Rows = []
    for line, cells in records:
        if len(cells) != len(header):
            what = f"expected {len(header)} cells, as in the header, found {len(cells)}"
            problems.append(Problem(Mark(line, 1), what))
        else:
            filled = ((name, cell) for name, cell in zip(header, cells, strict=True) if cell)
            rows.append((line, {name: _Written(cell) for name, cell in filled}))
    return rows


def _records(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Sequence[str]]]:
    """Each record that is not empty, with the line on which it starts."""
    reader = csv.reader(io.StringIO(read_text(path, LARGEST_DATA), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as wrong:
        problems.append(Problem(Mark(line, 1), f"not CSV: {wrong}"))


def _parquet(path: Path, problems: list[Problem]) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as wrong:
        problems.append(Problem(Mark(1, 1), f"not Parquet: {str(wrong).splitlines()[0]}"))
        return []
    rows = enumerate(table.to_pylist(), start=1)
    return [
        (number, {name: value for name, value in row.items() if value is not None})
        for number, row in rows
    ]


def _row(row: Mapping[str, Any], columns: Mapping[str, str], mark: Mark) -> Node:
    if columns:
        row = {field: row[column] for field, column in columns.items() if column in row}
    node = Node({}, mark, mark)
    for field, value in row.items():
        _put(node, field.split("."), _node(value, mark))
    return node


def _put(node: Node, keys: Sequence[str], value: Node) -> None:
    """Set what stands at `labels.kind`; what is in the way gives way to the more precise."""
    for key in keys[:-1]:
        assert isinstance(node.value, dict)
        child = node.value.setdefault(key, Node({}, node.mark, node.mark))
        if not isinstance(child.value, dict):
            child.value = {}
        node = child
    assert isinstance(node.value, dict)
    node.value[keys[-1]] = value


def _node(value: Any, mark: Mark) -> Node:
    if isinstance(value, Mapping):
        return Node({str(key): _node(child, mark) for key, child in value.items()}, mark, mark)
    if isinstance(value, list):
        return Node([_node(child, mark) for child in value], mark, mark)
    if isinstance(value, _Written):
        read = scalar(value)
        return Node(str(value) if read is None else read, mark, mark, text=str(value))
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return Node(value, mark, mark, text=json.dumps(value))
    return Node(None if value is None else str(value), mark, mark)
