"""Commands that run an experiment and say what came out: run, gate, report."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tastemaker.cli.options import (
    GRADES,
    AllowOutside,
    AsJson,
    ExperimentName,
    Grades,
    Logs,
    Output,
    emit,
    form_by_name,
    load,
    logs_of,
)

if TYPE_CHECKING:
    from tastemaker.experiment import Experiment
    from tastemaker.report.html.source import Source
    from tastemaker.results import Results

REPORTS = Path("reports/out")


class Format(StrEnum):
    """The forms of a report."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    CSV = "csv"
    SVG = "svg"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(gate)
    app.command()(report)
    app.command()(compare)


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
    repin: Annotated[
        bool, typer.Option("--repin", help="With --only baseline: pin it anew, changed or not.")
    ] = False,
    grades: Grades = GRADES,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Run and grade all arms, resuming what is there; then print the report.

    `--only baseline` runs the baseline alone and pins it: later runs call only the candidates, and
    refuse to compare when what the baseline rests on has changed. With `early_stopping` or
    `on_inconclusive: extend` the scenarios come in by five looks, as far as they are needed.

    Exits with 0 pass (or pinned), 1 fail, 3 inconclusive, 4 incomplete.
    """
    loaded = load(experiment, allow_outside)
    only = [loaded.baseline_name if name == "baseline" else name for name in only or []]
    _refuse_unknown_arms(loaded, only)
    if repin and only != [loaded.baseline_name]:
        raise typer.BadParameter("--repin goes with --only baseline")
    if not loaded.evals and (seeds or limit or only):
        raise typer.BadParameter("--seeds, --limit and --only have no meaning for scores alone")
    folder = logs_of(loaded, logs)
    if loaded.evals:
        from datetime import date

        from tastemaker.cli.progress import progress
        from tastemaker.pin import age, read_pin
        from tastemaker.plan import make_plan
        from tastemaker.run import run as run_plan

        plan = make_plan(loaded, seeds=seeds, limit=limit)
        if (pin := read_pin(folder)) and not repin:
            typer.echo(age(pin, date.today()), err=True)
        with progress(plan) as listener:
            run_plan(plan, folder, only=only, grades=grades, repin=repin, listener=listener)
        if only == [loaded.baseline_name]:
            _pin(loaded, folder)
    _tell(loaded, folder, as_json)


def _refuse_unknown_arms(experiment: "Experiment", only: list[str]) -> None:
    from tastemaker.errors import UserError
    from tastemaker.reading import did_you_mean

    for name in only:
        if name not in experiment.arms:
            raise UserError(
                f"{experiment.name} has no arm '{name}'{did_you_mean(name, experiment.arms)}"
            )


def _pin(experiment: "Experiment", folder: Path) -> None:
    """Pin the baseline that has just run; exits with 0, or 4 when it is not complete."""
    from datetime import date

    from tastemaker.gate import EXIT_CODES, Outcome
    from tastemaker.pin import write_pin
    from tastemaker.record import read_record
    from tastemaker.results import baseline_gaps

    name = experiment.baseline_name
    if gaps := baseline_gaps(experiment, folder):
        for gap in gaps:
            typer.echo(gap)
        raise typer.Exit(EXIT_CODES[Outcome.INCOMPLETE])
    write_pin(folder, read_record(folder, experiment), date.today())
    typer.echo(f"Pinned: {name}. Later runs of {experiment.name} call only the candidates.")
    raise typer.Exit(0)


def _tell(experiment: "Experiment", folder: Path, as_json: bool) -> None:
    from tastemaker.report.data import exit_code
    from tastemaker.results import load_results

    results = load_results(experiment, folder)
    _print(results, Format.JSON if as_json else Format.TERMINAL, None)
    markdown, html, forest = (
        _own_place(results, name) for name in ("report.md", "report.html", "forest.svg")
    )
    _print(results, Format.MARKDOWN, markdown)
    _print(results, Format.SVG, forest)
    _print(results, Format.HTML, html, source=_source(experiment, folder))
    if not as_json:
        typer.echo(f"\nMarkdown report: {markdown}")
        typer.echo(f"HTML report: {html}")
        typer.echo(f"Forest plot: {forest}")
        typer.echo(f"Gate: {results.decision.outcome}")
    raise typer.Exit(exit_code(results))


def _own_place(results: "Results", name: str) -> Path:
    return REPORTS / results.experiment.name / name


def _source(experiment: "Experiment", folder: Path) -> "Source":
    """The replies of a run; none where there are files of scores alone."""
    from tastemaker.report.html.source import NO_REPLIES, read_source

    if not experiment.evals:
        return NO_REPLIES
    return read_source({name: (folder, name) for name in experiment.arms})


def gate(
    experiment: ExperimentName,
    logs: Logs = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The outcome of a run that is there, as a word and an exit code.

    0 pass, 1 fail, 3 inconclusive, 4 incomplete; 2 for a mistake in the call or the files.
    """
    from tastemaker.escaping import plain
    from tastemaker.report.beside import limit_lines
    from tastemaker.report.data import exit_code
    from tastemaker.report.words import headline, line, look_lines
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
        for text in (*limit_lines(results), *look_lines(results)):
            typer.echo(f"  {text}")
        for text in results.warnings:
            typer.echo(f"  Warning: {plain(text)}")
    raise typer.Exit(exit_code(results))


def report(
    experiment: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT", help="A name, or a YAML file; with --fleet: folders of runs."
        ),
    ],
    logs: Logs = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="terminal, markdown, html, json, junit, csv, svg or github.", case_sensitive=False
        ),
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="On the terminal too: by stratum, label and split.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="HTML with the texts of every reply, however large.")
    ] = False,
    fleet: Annotated[
        bool,
        typer.Option("--fleet", help="The arms of many runs on one page; name DIR..."),
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="FACTOR", help="With --fleet: what puts arms in a row; step."),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file; of several, each by its name."
        ),
    ] = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The report of a run that is there; always exits with 0 when it has been written.

    HTML goes to reports/out/EXPERIMENT/report.html unless -o says otherwise, and all other forms
    to standard output. `-o` may be said several times, for a file in each form. `--fleet` takes
    folders of runs and writes reports/out/fleet.html.
    """
    from tastemaker.results import load_results

    files: list[Path | None] = [*output] if output else [None]
    if len(files) > 1 and (format or as_json or fleet):
        raise typer.BadParameter("several files take their forms from their names", param_hint="-o")
    if fleet:
        folders = [Path(one) for one in experiment]
        _tell_fleet(folders, by, logs, format, files[0], as_json=as_json)
        return
    if by is not None:
        raise typer.BadParameter("--by goes with --fleet")
    if len(experiment) > 1:
        raise typer.BadParameter("one experiment a report; --fleet takes folders of many runs")
    loaded = load(experiment[0], allow_outside)
    forms = [(_form(format, as_json, file), file) for file in files]
    if full and Format.HTML not in dict(forms):
        raise typer.BadParameter("--full goes with --format html")
    folder = logs_of(loaded, logs)
    results = load_results(loaded, folder)
    for form, file in forms:
        if form is Format.HTML:
            _print_html(results, file, _source(loaded, folder), full=full)
        else:
            _print(results, form, file, slices=slices)


def _tell_fleet(
    folders: list[Path],
    by: str | None,
    logs: Path | None,
    format: Format | None,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    from tastemaker.cli.fleet import tell_fleet

    if format not in (None, Format.HTML, Format.JSON):
        raise typer.BadParameter("a fleet is html or json", param_hint="--format")
    if logs is not None:
        raise typer.BadParameter("with --fleet name the folders themselves", param_hint="--logs")
    wanted = as_json or format is Format.JSON
    tell_fleet(folders, by=by, output=output, reports=REPORTS, as_json=wanted)


def _print_html(
    results: "Results", output: Path | None, source: "Source", *, full: bool = False
) -> None:
    """A page into a file, because nobody reads one on a terminal; says where it is."""
    place = output or _own_place(results, "report.html")
    _print(results, Format.HTML, place, source=source, full=full)
    if output is None:
        typer.echo(f"HTML report: {place}")


def compare(
    baseline: Annotated[str, typer.Argument(metavar="A", help="DIR or DIR@ARM: a run's logs.")],
    candidate: Annotated[str, typer.Argument(metavar="B", help="DIR or DIR@ARM, held against A.")],
    declare: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A difference that is meant, as config.temperature."),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="terminal, markdown, html, json, junit, csv, svg or github.", case_sensitive=False
        ),
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Two arms of earlier runs, if they are comparable; otherwise every difference is named.

    The rules are those of B's run. Exits with 0 pass, 1 fail, 3 inconclusive, 4 incomplete.
    """
    from tastemaker.comparison import compare_arms, open_arm
    from tastemaker.report.data import exit_code

    first, second = open_arm(baseline, candidate=False), open_arm(candidate, candidate=True)
    results = compare_arms(first, second, declared=declare or [])
    form = _form(format, as_json, output)
    if form is Format.HTML:
        from tastemaker.report.html.source import read_source

        places = [(one.folder, one.arm) for one in (first, second)]
        source = read_source(dict(zip(results.experiment.arms, places, strict=True)))
        _print_html(results, output, source)
    else:
        _print(results, form, output)
    raise typer.Exit(exit_code(results))


SUFFIXES = {
    ".md": Format.MARKDOWN,
    ".html": Format.HTML,
    ".json": Format.JSON,
    ".xml": Format.JUNIT,
    ".csv": Format.CSV,
    ".txt": Format.TERMINAL,
    ".svg": Format.SVG,
}


def _form(format: Format | None, as_json: bool, output: Path | None) -> Format:
    """The form that was asked for, else the one that the file's name asks for."""
    if as_json or format:
        return Format.JSON if as_json else format or Format.TERMINAL
    return form_by_name(output, SUFFIXES, Format.TERMINAL)


def _print(
    results: "Results",
    form: Format,
    output: Path | None,
    *,
    slices: bool = False,
    source: "Source | None" = None,
    full: bool = False,
) -> None:
    match form:
        case Format.HTML:
            from tastemaker.report.html.page import as_html
            from tastemaker.report.html.source import NO_REPLIES

            emit(as_html(results, source or NO_REPLIES, full=full), output)
        case Format.JUNIT:
            from tastemaker.report.junit import as_junit

            emit(as_junit(results), output)
        case Format.CSV:
            from tastemaker.report.spreadsheet import as_csv

            emit(as_csv(results), output)
        case Format.SVG:
            from tastemaker.report.forest import as_svg

            emit(as_svg(results), output)
        case Format.JSON:
            from tastemaker.report.data import as_json

            emit(as_json(results), output)
        case Format.MARKDOWN:
            from tastemaker.report.markdown import as_markdown

            emit(as_markdown(results), output)
        case Format.GITHUB:
            from tastemaker.report.annotations import as_annotations

            emit(as_annotations(results), output)
        case Format.TERMINAL:
            from io import StringIO

            from tastemaker.report.terminal import PlainConsole, print_report

            file = None if output is None else StringIO()
            # Names are shown as they are: no ":smile:" becomes a picture.
            console = PlainConsole(file=file, emoji=False, highlight=False)
            print_report(results, console, slices=slices)
            if file is not None:
                emit(file.getvalue(), output)
