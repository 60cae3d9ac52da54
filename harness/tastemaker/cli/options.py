"""The options that mean the same in every command."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tastemaker.errors import UserError

if TYPE_CHECKING:
    from tastemaker.experiment import Experiment

Form = TypeVar("Form", bound=StrEnum)
ExperimentName = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="A name, or the path of a YAML file.")
]
Logs = Annotated[
    Path | None,
    typer.Option("--logs", metavar="DIR", help="Where logs and tables stand; logs/EXPERIMENT."),
]
GRADES = Path("logs/.grades")
Grades = Annotated[
    Path,
    typer.Option(
        "--grades", metavar="DIR", help="Where judges' answers are kept for all experiments."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")
]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", help="Let files refer to places outside the project.")
]


def load(name: str, allow_outside: bool) -> "Experiment":
    """The experiment of a name or path, from the current folder."""
    from tastemaker.content import Place
    from tastemaker.experiment import load_experiment

    return load_experiment(name, Place.at(Path.cwd(), allow_outside=allow_outside))


def logs_of(experiment: "Experiment", logs: Path | None) -> Path:
    """The folder of an experiment's logs."""
    return logs or Path("logs") / experiment.name


def form_by_name(output: Path | None, forms: Mapping[str, Form], otherwise: Form) -> Form:
    """The form that a file's name asks for; another ending than the known ones is refused."""
    suffix = output.suffix if output else ""
    if suffix and suffix not in forms:
        known = ", ".join(forms)
        raise typer.BadParameter(f"'{suffix}' is none of {known}: add --format", param_hint="-o")
    return forms.get(suffix, otherwise)


def emit(text: str, output: Path | None) -> None:
    """A result to a file, or to standard output; a UserError when the file cannot be written."""
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{output}: cannot be written: {error.strerror}") from None
