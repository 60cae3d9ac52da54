"""Commands that run an experiment and say what came out: run, gate, report."""

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
    load,
    logs_of,
)

if TYPE_CHECKING:
    from tastemaker.experiment import Experiment
    from tastemaker.results import Results

REPORTS = Path("reports/out")


class Format(StrEnum):
    """The forms of a report."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(gate)
    app.command()(report)


def run(
    experiment: ExperimentName,
    logs: Logs = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Seeds, instead of the experiment's.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Scenarios per eval, for a quick look that never passes."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ARM", help="Call only this arm; repeatable.")
    ] = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Run and grade all arms, resuming what is there; then print the report.

    Exits with 0 pass, 1 fail, 3 inconclusive, 4 incomplete.
    """
    loaded = load(experiment, allow_outside)
    _refuse_unknown_arms(loaded, only or [])
    folder = logs_of(loaded, logs)
    if loaded.evals:
        from tastemaker.cli.progress import progress
        from tastemaker.run import make_plan
        from tastemaker.run import run as run_plan

        plan = make_plan(loaded, seeds=seeds, limit=limit)
        with progress(plan) as listener:
            run_plan(plan, folder, only=only or [], listener=listener)
    _tell(loaded, folder, as_json)


def _refuse_unknown_arms(experiment: "Experiment", only: list[str]) -> None:
    from tastemaker.errors import UserError
    from tastemaker.reading import did_you_mean

    for name in only:
        if name not in experiment.arms:
            raise UserError(
                f"{experiment.name} has no arm '{name}'{did_you_mean(name, experiment.arms)}"
            )


def _tell(experiment: "Experiment", folder: Path, as_json: bool) -> None:
    from tastemaker.report.data import exit_code
    from tastemaker.results import load_results

    results = load_results(experiment, folder)
    written = _write_markdown(results)
    if as_json:
        _print(results, Format.JSON, None)
    else:
        _print(results, Format.TERMINAL, None)
        typer.echo(f"\nMarkdown report: {written}")
        typer.echo(f"Gate: {results.decision.outcome}")
    raise typer.Exit(exit_code(results))


def _write_markdown(results: "Results") -> Path:
    path = REPORTS / results.experiment.name / "report.md"
    _print(results, Format.MARKDOWN, path)
    return path


def gate(
    experiment: ExperimentName,
    logs: Logs = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The outcome of a run that is there, as a word and an exit code.

    0 pass, 1 fail, 3 inconclusive, 4 incomplete; 2 for a mistake in the call or the files.
    """
    from tastemaker.report.data import exit_code
    from tastemaker.report.words import headline, line, plain
    from tastemaker.results import load_results

    loaded = load(experiment, allow_outside)
    results = load_results(loaded, logs_of(loaded, logs))
    if as_json:
        _print(results, Format.JSON, None)
    else:
        typer.echo(headline(results))
        for reason in results.decision.reasons:
            typer.echo(f"  {plain(reason)}")
        for verdict in results.decision.verdicts:
            told = line(verdict)
            typer.echo(f"  {told.mark} {verdict.candidate}, {told.principle}: {told.verdict}")
    raise typer.Exit(exit_code(results))


def report(
    experiment: ExperimentName,
    logs: Logs = None,
    format: Annotated[
        Format, typer.Option(help="terminal, markdown or json.", case_sensitive=False)
    ] = Format.TERMINAL,
    output: Output = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The report of a run that is there; always exits with 0 when it has been written."""
    from tastemaker.results import load_results

    loaded = load(experiment, allow_outside)
    results = load_results(loaded, logs_of(loaded, logs))
    _print(results, Format.JSON if as_json else format, output)


def _print(results: "Results", form: Format, output: Path | None) -> None:
    match form:
        case Format.JSON:
            from tastemaker.report.data import as_json

            emit(as_json(results), output)
        case Format.MARKDOWN:
            from tastemaker.report.markdown import as_markdown

            emit(as_markdown(results), output)
        case Format.TERMINAL:
            from rich.console import Console

            from tastemaker.report.terminal import print_report

            console = Console(record=output is not None, quiet=output is not None, width=None)
            print_report(results, console)
            if output is not None:
                emit(console.export_text(), output)
