"""Commands that grade without running an experiment, and check who grades."""

import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
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
from tastemaker.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from tastemaker.content import Place
    from tastemaker.documents import Document
    from tastemaker.grading import GradedDocument
    from tastemaker.judge_check import PairCheck, SelfCheck
    from tastemaker.regrade import Regraded
    from tastemaker.rubric import Rubric
    from tastemaker.stats.agreement import Rate
    from tastemaker.stats.reported import Estimate


class Format(StrEnum):
    """The forms of a table of graded documents."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


SUFFIXES = {
    ".md": Format.MARKDOWN,
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".txt": Format.TERMINAL,
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(grade)
    app.command("judge-check")(judge_check)


def grade(
    rubric_or_file: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUBRIC] [FILES]...",
            help="A rubric, then Markdown, text, JSONL, docx or PDF files, or folders.",
        ),
    ] = None,
    logs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Grade the replies of finished logs instead of files."),
    ] = None,
    rubric: Annotated[str | None, typer.Option(help="With --logs: grade by this rubric.")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="The files are recorded replies to its scenarios."),
    ] = None,
    grader: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Who judges; repeated, a panel."),
    ] = None,
    grades: Grades = GRADES,
    format: Annotated[
        Format | None,
        typer.Option(help="terminal, markdown, csv or json.", case_sensitive=False),
    ] = None,
    output: Output = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Grade documents or recorded replies by a rubric, or the replies of finished logs anew.

    Checks need no grader. Judged criteria without one are unscored. Of logs the grades are written
    beside them, and the logs stay as they are.
    """
    from tastemaker.content import Place

    form = Format.JSON if as_json else format or form_by_name(output, SUFFIXES, Format.TERMINAL)
    place = Place.at(Path.cwd(), allow_outside=allow_outside)
    named = list(rubric_or_file or [])
    if logs is not None:
        if named:
            raise UserError(
                f"with --logs there are no files: '{named[0]}'; --rubric names a rubric"
            )
        if dataset is not None:
            raise UserError("with --logs the scenarios are known: leave --dataset out")
        _regrade(logs, rubric, grader, grades, place, as_json)
        return
    if rubric is not None:
        named.insert(0, rubric)
    if len(named) < 2:
        raise UserError("name a rubric and at least one file, or --logs DIR")
    from tastemaker.rubric import load_rubric

    loaded = load_rubric(named[0], place)
    documents = _documents([Path(name) for name in named[1:]], dataset, place)
    graded = _grade(loaded, documents, grader or [], grades)
    _print(loaded, graded, form, output)


def _documents(files: Sequence[Path], dataset: str | None, place: "Place") -> "list[Document]":
    if dataset is None:
        from tastemaker.documents import read_documents

        return read_documents(files)
    from tastemaker.grading import recorded_documents
    from tastemaker.scenario import load_dataset

    return recorded_documents(files, load_dataset(dataset, place))


def _grade(
    rubric: "Rubric", documents: "Sequence[Document]", models: Sequence[str], grades: Path
) -> "list[GradedDocument]":
    import anyio

    from tastemaker.experiment import Grader
    from tastemaker.grade import RubricGrader
    from tastemaker.graders import GradeStore, open_panel
    from tastemaker.grading import grade_documents

    grader = RubricGrader(rubric)
    if grader.judged and not models:
        print("no --grader: judged criteria are unscored", file=sys.stderr)
    with contextlib.closing(GradeStore(grades)) as store:
        entries = [Grader(model=model) for model in models]
        panel = open_panel(entries, grader.own_graders(), store)
        return anyio.run(grade_documents, rubric, documents, panel)


def _print(
    rubric: "Rubric", graded: "Sequence[GradedDocument]", form: Format, output: Path | None
) -> None:
    from tastemaker.grading import as_csv, as_json, as_markdown, print_graded

    match form:
        case Format.JSON:
            emit(as_json(rubric, graded), output)
        case Format.CSV:
            emit(as_csv(graded), output)
        case Format.MARKDOWN:
            emit(as_markdown(rubric, graded), output)
        case Format.TERMINAL:
            from rich.console import Console

            console = Console(record=output is not None, quiet=output is not None)
            print_graded(rubric, graded, console)
            if output is not None:
                emit(console.export_text(), output)


def _regrade(
    logs: Path,
    rubric: str | None,
    models: list[str] | None,
    grades: Path,
    place: "Place",
    as_json: bool,
) -> None:
    from tastemaker.experiment import Grader
    from tastemaker.graders import GradeStore
    from tastemaker.reading import printable
    from tastemaker.regrade import regrade
    from tastemaker.rubric import load_rubric

    with contextlib.closing(GradeStore(grades)) as store:
        done = regrade(
            logs,
            store,
            place,
            rubric=load_rubric(rubric, place) if rubric else None,
            graders=[Grader(model=model) for model in models] if models else None,
        )
    for warning in done.warnings:
        print(f"warning: {printable(warning)}", file=sys.stderr)
    if as_json:
        changes = [vars(change) for change in done.changes]
        told = {"folder": str(done.folder), "replies": done.replies, "changes": changes}
        told["warnings"] = list(done.warnings)
        typer.echo(json.dumps(told, indent=2))
    else:
        _tell(done)


def _tell(done: "Regraded") -> None:
    def mean(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    for one in done.changes:
        typer.echo(
            f"{one.eval}, {one.arm}, {one.principle}: {mean(one.before)} before, "
            f"{mean(one.after)} now, {one.changed} of {one.replies} replies changed"
        )
    typer.echo(f"{done.replies} replies graded; tables in {done.folder}")


def judge_check(
    experiment: ExperimentName,
    logs: Logs = None,
    replies: Annotated[
        int, typer.Option(min=1, help="How many replies of each eval are drawn.")
    ] = 50,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 1,
    grades: Grades = GRADES,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """The judge against itself, on replies of a finished run.

    Asks each of them again as it is, with the criteria in reverse order, and padded: four calls a
    reply beyond the run's own. Then as many pairs of two arms' replies in both orders: two calls a
    pair. Exits with 0 when it has been written.
    """
    from tastemaker.graders import GradeStore
    from tastemaker.judge_check import judge_check as check
    from tastemaker.judge_check import pair_checks

    loaded = load(experiment, allow_outside)
    folder = logs_of(loaded, logs)
    with contextlib.closing(GradeStore(grades)) as store:
        found = check(loaded, folder, store, replies=replies, seed=seed)
        paired = pair_checks(loaded, folder, store, replies=replies, seed=seed)
    if as_json:
        told = {
            "experiment": loaded.name,
            "criteria": [asdict(one) | {"note": one.note} for one in found],
            "pairs": [asdict(one) for one in paired],
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(found, paired)


def _show(found: "Sequence[SelfCheck]", paired: "Sequence[PairCheck]") -> None:
    from rich.console import Console

    console = Console()
    print("The judge against itself: share of replies, each with its 95% interval below")
    alone = _columns("criterion, eval, grader", "met", "cannot tell", "flips", "order", "padded")
    alone.add_column("", overflow="fold")
    for one in found:
        alone.add_row(
            f"{one.principle}/{one.criterion}\n{one.eval}\n{one.grader}",
            *(_share(rate) for rate in (one.met, one.cannot_assess, one.flips, one.order)),
            _share(one.padded) + (f"\n{one.padding_gain:+.2f}" if one.padding_gain else ""),
            one.note,
        )
    console.print(alone)
    if not paired:
        return
    together = _columns("pairs, grader", "cannot tell", "same both ways", "position bias")
    for pair in paired:
        together.add_row(
            f"{pair.eval}, {pair.pairs} pairs\n{pair.grader}",
            _share(pair.cannot_assess),
            _share(pair.consistency),
            _bias(pair.position_bias),
        )
    console.print(together)
    console.print(
        "same both ways: share of pairs of replies with the same answer in both orders; "
        "position bias: how often the reply shown first wins, minus one half"
    )


def _columns(name: str, *numbers: str) -> "Table":
    """A table whose names are folded where they must be, and whose numbers never are."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(name, overflow="fold")
    for number in numbers:
        table.add_column(number.replace(" ", "\n"), no_wrap=True)
    return table


def _bias(found: "Estimate") -> str:
    if found.value is None:
        return "-"
    limits = ""
    if found.low is not None and found.high is not None:
        limits = f"\n{found.low:+.2f} to\n{found.high:+.2f}"
    return f"{found.value:+.2f}{limits}"


def _share(rate: "Rate") -> str:
    if rate.value is None:
        return "-"
    limits = (
        "" if rate.low is None or rate.high is None else f"\n{rate.low:.2f} to\n{rate.high:.2f}"
    )
    return f"{rate.value:.2f}{limits}"
