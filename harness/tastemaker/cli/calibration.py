"""The command that holds the judge against people: calibrate."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastemaker.cli.options import (
    AllowOutside,
    AsJson,
    ExperimentName,
    Logs,
    Output,
    emit,
    form_by_name,
    load,
    logs_of,
)

if TYPE_CHECKING:
    from tastemaker.calibration import Calibration


class Format(StrEnum):
    """The forms of a calibration."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


SUFFIXES = {".md": Format.MARKDOWN, ".json": Format.JSON, ".txt": Format.TERMINAL}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(calibrate)


def calibrate(
    experiment: ExperimentName,
    logs: Logs = None,
    format: Annotated[
        Format | None,
        typer.Option(help="terminal, markdown or json.", case_sensitive=False),
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The judge against people's marks: agreement, errors by arm, corrected verdicts.

    Says of each principle whether this judge may gate it, and why. Writes calibration.json beside
    the tables, where `gate` reads it (`grader: {calibrated: true}`). Exits with 0 when written.
    """
    from tastemaker.calibrate.judging import calibrate as find
    from tastemaker.calibration import write_calibration

    form = Format.JSON if as_json else format or form_by_name(output, SUFFIXES, Format.TERMINAL)
    loaded = load(experiment, allow_outside)
    folder = logs_of(loaded, logs)
    found = find(loaded, folder)
    written = write_calibration(folder, found)
    _print(found, form, output)
    typer.echo(f"calibration: {written}", err=True)


def _print(found: "Calibration", form: Format, output: Path | None) -> None:
    from tastemaker.report.calibration import as_json, as_markdown, print_calibration

    match form:
        case Format.JSON:
            emit(as_json(found), output)
        case Format.MARKDOWN:
            emit(as_markdown(found), output)
        case Format.TERMINAL:
            from io import StringIO

            from tastemaker.report.terminal import PlainConsole

            file = None if output is None else StringIO()
            console = PlainConsole(file=file, emoji=False, highlight=False)
            print_calibration(found, console)
            if file is not None:
                emit(file.getvalue(), output)
