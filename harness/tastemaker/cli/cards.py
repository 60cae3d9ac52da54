"""The command that makes a model card from finished runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tastemaker.cli.options import AllowOutside, Output, emit, form_by_name


class Form(StrEnum):
    """The forms of a card."""

    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"
    CSV = "csv"
    MODEL_INDEX = "model-index"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(card)


def card(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The YAML file of the card.")],
    form: Annotated[
        Form | None,
        typer.Option("--format", help="What to write; default: what FILE ends in, or markdown."),
    ] = None,
    output: Output = None,
    allow_outside: AllowOutside = False,
) -> None:
    """Make the model card's table and its settings appendix from finished runs.

    Every cell is held against its row: where settings differ it gets a footnote, or the card is
    refused with `strict: true`. Exits with 0 when it is written.
    """
    from tastemaker.card.forms import FORMS
    from tastemaker.card.table import make_card
    from tastemaker.card_spec import load_card

    wanted = form or form_by_name(output, SUFFIXES, Form.MARKDOWN)
    emit(FORMS[wanted](make_card(load_card(spec, allow_outside=allow_outside))), output)


SUFFIXES = {
    ".md": Form.MARKDOWN,
    ".tex": Form.LATEX,
    ".html": Form.HTML,
    ".csv": Form.CSV,
    ".json": Form.JSON,
    ".yaml": Form.MODEL_INDEX,
}
