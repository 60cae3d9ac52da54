"""Commands about the files a user writes: check, prompts, coverage, schema, checks."""

import contextlib
import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tastemaker.cli.options import GRADES, AllowOutside, AsJson, Grades, Output, emit

if TYPE_CHECKING:
    from tastemaker.content import Place
    from tastemaker.validation import Validated

MISTAKE = 2


class Kind(StrEnum):
    """The kinds of file."""

    RUBRIC = "rubric"
    DATASET = "dataset"
    EXPERIMENT = "experiment"
    VALUES = "values"
    PRINCIPLES = "principles"
    PHRASES = "phrases"
    CARD = "card"
    REPORT = "report"


class Form(StrEnum):
    """The forms of the coverage table."""

    TEXT = "text"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(check)
    app.command()(prompts)
    app.command()(coverage)
    app.command()(schema)
    app.command()(checks)


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Files or folders; this folder's content."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Exit with 2 on warnings too.")] = False,
    canary: Annotated[
        bool,
        typer.Option("--canary", help="Grade an empty and a bluffing reply by each rubric."),
    ] = False,
    grader: Annotated[
        str | None, typer.Option(metavar="MODEL", help="With --canary: who judges.")
    ] = None,
    grades: Grades = GRADES,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """Whether rubrics, datasets and experiments are valid; nothing is called without --canary.

    Exits with 0, also with warnings (with --strict: 2); with 2 when a file is not valid.
    """
    from tastemaker.checks.counting import plural
    from tastemaker.content import Place
    from tastemaker.validation import find_files, validate_file

    place = Place.at(Path.cwd(), allow_outside=allow_outside)
    found = [validate_file(path, place) for path in find_files(paths, place)]
    if canary:
        found = _with_canaries(found, place, grader, grades)
    errors = sum(bool(one.error) for one in found)
    warnings = sum(len(one.warnings) for one in found)
    if as_json:
        files = [
            {"path": one.shown, "kind": one.kind, "error": one.error, "warnings": one.warnings}
            for one in found
        ]
        typer.echo(json.dumps({"files": files, "errors": errors, "warnings": warnings}, indent=2))
    else:
        for one in found:
            for warning in one.warnings:
                typer.echo(f"warning: {one.shown}: {warning}")
            if one.error:
                typer.echo(f"error: {one.error}")
        counts = plural(len(found), "file"), f"{errors} with errors", plural(warnings, "warning")
        typer.echo(", ".join(counts))
    raise typer.Exit(MISTAKE if errors or (strict and warnings) else 0)


def _with_canaries(
    found: "list[Validated]", place: "Place", model: str | None, grades: Path
) -> "list[Validated]":
    """The files, with a warning for each reply that deserves nothing and gets through."""
    from tastemaker.canary import fly
    from tastemaker.experiment import Grader
    from tastemaker.grade import RubricGrader
    from tastemaker.graders import GradeStore, open_panel
    from tastemaker.rubric import load_rubric

    valid = [one for one in found if one.kind == "rubric" and not one.error]
    rubrics = {one.path: load_rubric(one.path, place) for one in valid}
    with contextlib.closing(GradeStore(grades)) as store:
        own = {name for rubric in rubrics.values() for name in RubricGrader(rubric).own_graders()}
        panel = open_panel([Grader(model=model)] if model else [], own, store)
        told = {path: fly([rubric], panel) for path, rubric in rubrics.items()}
    for one in valid:
        for canary in told[one.path]:
            typer.echo(f"{one.shown}: {canary.told}", err=True)
    return [
        replace(
            one,
            warnings=(
                *one.warnings,
                *(canary.told for canary in told.get(one.path, []) if canary.let_through),
            ),
        )
        for one in found
    ]


def prompts(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="A name, or the path of a YAML file.")
    ],
    as_json: AsJson = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Show only so many.")] = None,
    allow_outside: AllowOutside = False,
) -> None:
    """What a prompt distribution yields: counts per stratum, split and format, and the prompts."""
    from tastemaker.content import Place
    from tastemaker.reading import printable
    from tastemaker.scenario import load_dataset, select
    from tastemaker.validation import counts, prompt_rows

    loaded = load_dataset(dataset, Place.at(Path.cwd(), allow_outside=allow_outside))
    shown = select(loaded, limit=limit) if limit else loaded
    rows = list(prompt_rows(shown))
    if as_json:
        typer.echo(json.dumps({"dataset": loaded.name, "prompts": rows}, indent=2))
        return
    for text in counts(loaded):
        typer.echo(text)
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for row in rows:
        typer.echo(f"\n[{row['stratum']}] {printable(row['scenario'])}")
        for message in row["messages"]:
            said = "\n    ".join(map(printable, message["content"].split("\n")))
            typer.echo(f"  {message['role']}: {said}")


def coverage(
    values: Annotated[
        str, typer.Argument(metavar="VALUES", help="A name, or the path of a YAML file.")
    ] = "constitution",
    form: Annotated[Form, typer.Option("--format", help="What to write.")] = Form.TEXT,
    output: Output = None,
    as_json: AsJson = False,
    allow_outside: AllowOutside = False,
) -> None:
    """What each value demands in which situation, the evals that look for it, and the holes.

    Counts the rubrics and datasets of this project and the built-in ones; calls nothing.
    """
    from tastemaker.content import Place
    from tastemaker.coverage import cover
    from tastemaker.coverage_page import as_data, page, text
    from tastemaker.values import load_values

    place = Place.at(Path.cwd(), allow_outside=allow_outside)
    found = cover(load_values(values, place), place)
    for problem in found.problems:
        typer.echo(f"warning: {problem}", err=True)
    if as_json:
        emit(json.dumps(as_data(found), indent=2, ensure_ascii=False) + "\n", output)
    else:
        emit(page(found) if form is Form.MARKDOWN else text(found), output)


def schema(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="Which kind of file.")],
    output: Output = None,
) -> None:
    """The JSON Schema of a kind of file, for editors that complete and check it.

    `report` is what `gate --json` prints.
    """
    if kind is Kind.REPORT:
        from tastemaker.report.contract import report_schema

        made = report_schema()
    else:
        from tastemaker.schema import FileKind
        from tastemaker.schema import schema as schema_of

        made = schema_of(cast("FileKind", kind.value))
    emit(json.dumps(made, indent=2) + "\n", output)


def checks(as_json: AsJson = False) -> None:
    """The checks that rubrics can use, with their arguments."""
    from tastemaker.checks.registry import checks as all_checks

    known = all_checks()
    if as_json:
        listed = [
            {
                "check": name,
                "about": one.summary,
                "arguments": [vars(argument) for argument in one.arguments],
            }
            for name, one in known.items()
        ]
        typer.echo(json.dumps(listed, indent=2, default=str))
        return
    for name, one in known.items():
        typer.echo(f"{name}: {one.summary}")
        for argument in one.arguments:
            typer.echo(f"    {argument.name}: {argument.type}")
