"""The fleet form of `report`: arms of many runs on one page."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import typer

from tastemaker.cli.options import emit

if TYPE_CHECKING:
    from tastemaker.fleet import Run


def tell_fleet(
    folders: Sequence[Path], *, by: str | None, output: Path | None, reports: Path, as_json: bool
) -> None:
    """The fleet of some runs as JSON, or as a page and a few sentences that say where it is.

    Links lead to the reports of the runs that stand below `reports` and are of the same record.
    """
    from tastemaker.fleet import fleet
    from tastemaker.report.fleet import as_fleet_json, terminal_lines

    found = fleet(folders, by=by)
    if as_json or (output and output.suffix == ".json"):
        emit(as_fleet_json(found), output)
        return
    from tastemaker.report.html.fleet import as_fleet_html

    place = output or reports / "fleet.html"
    links = {
        number: quote(os.path.relpath(report, place.parent).replace(os.sep, "/"))
        for number, run in enumerate(found.runs)
        if _is_report_of(run, report := reports / run.experiment / "report.html")
    }
    emit(as_fleet_html(found, links), place)
    if output is None:
        for text in terminal_lines(found):
            typer.echo(text)
        typer.echo(f"Fleet view: {place}")


def _is_report_of(run: "Run", report: Path) -> bool:
    record = run.record.get("record")
    try:
        return bool(record) and f'"{record}"' in report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
