"""The command for what other tools have written: import."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tastemaker.cli.options import AllowOutside, Output, emit
from tastemaker.errors import UserError


class Kind(StrEnum):
    """What can be imported."""

    IFEVAL = "ifeval"
    IFEVAL_REPLIES = "ifeval-replies"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_files)


def import_files(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="ifeval or ifeval-replies.")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="JSON Lines; of replies one file for each seed."),
    ],
    dataset: Annotated[
        str | None,
        typer.Option(metavar="DATASET", help="Of replies: the dataset they answer."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the dataset is called; otherwise like the file.")
    ] = None,
    output: Output = None,
    allow_outside: AllowOutside = False,
) -> None:
    """Files of other tools as ours: IFEval's prompts as a dataset, its replies as recorded replies.

    A file with a mistake is refused as a whole, with the line of each mistake.
    """
    if kind is Kind.IFEVAL:
        if dataset is not None or len(files) > 1:
            raise UserError("ifeval makes a dataset of one file, and needs no --dataset")
        _import_prompts(files[0], name, output)
    else:
        if dataset is None or name is not None:
            raise UserError(
                "ifeval-replies needs --dataset, the prompts they answer, and no --name"
            )
        _import_replies(files, dataset, output, allow_outside)


def _import_prompts(file: Path, name: str | None, output: Path | None) -> None:
    from tastemaker.ifeval import as_dataset, read_prompts

    prompts = read_prompts(file, name)
    emit(as_dataset(prompts), output)
    asked = sum(len(scenario["instructions"]) for scenario in prompts.scenarios)
    typer.echo(f"{len(prompts.scenarios)} prompts with {asked} instructions", err=True)


def _import_replies(
    files: list[Path], dataset: str, output: Path | None, allow_outside: bool
) -> None:
    from tastemaker.content import Place
    from tastemaker.ifeval import as_lines, read_answers
    from tastemaker.scenario import load_dataset

    loaded = load_dataset(dataset, Place.at(Path.cwd(), allow_outside=allow_outside))
    rows = read_answers(files, loaded)
    emit(as_lines(rows), output)
    lacking = len(loaded.scenarios) * len(files) - len(rows)
    told = f"; {lacking} are missing" if lacking else ""
    typer.echo(f"{len(rows)} replies{told}", err=True)
