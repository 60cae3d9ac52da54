"""Results as CSV: one row a principle and candidate, numbers whole, no cell that is a formula."""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

from tastemaker.escaping import plain, spreadsheet
from tastemaker.report.data import as_data
from tastemaker.results import Results

LEFT_OUT = ("variance_of_difference", "seed_advice", "notes", "headroom", "calibrated")
"""What is a table or a list in itself; the JSON has it."""


def as_csv(results: Results) -> str:
    """The verdicts of `gate --json`, flat: the arms' numbers as `baseline_mean` and so on."""
    rows = [_flat(verdict) for verdict in as_data(results)["verdicts"]]
    file = StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]) if rows else ["candidate"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _flat(verdict: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in verdict.items():
        if key in ("baseline", "candidate_score"):
            name = key.removesuffix("_score")
            flat |= {f"{name}_{inner}": number for inner, number in value.items()}
        elif key not in LEFT_OUT:
            flat[key] = cell(value) if isinstance(value, str) else value
    return flat


def cell(text: str) -> str:
    """Text that a spreadsheet shows and does not compute; one line."""
    return plain(spreadsheet(text))
