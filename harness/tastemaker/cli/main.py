"""The command `tastemaker`.

Exit codes: 0 pass, 1 fail, 2 a mistake in the call or the files, 3 inconclusive, 4 incomplete;
70 when it breaks by a mistake of ours, with a traceback; 130 when stopped by Ctrl-C, 141 when
nobody reads the output any more.
"""

import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from tastemaker.cli import calibration, cards, files, grading, importing, people, running
from tastemaker.errors import UserError

MISTAKE = 2
INTERRUPTED = 130
UNREAD = 141
BROKEN = 70
"""Not 1, which is what Python makes of a traceback and what a failed gate is."""


class Commands(TyperGroup):
    """The commands, with our exit codes: for Typer a reader that has gone is 1, here a fail."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except UserError as error:
            from tastemaker.reading import printable

            for number, line in enumerate(str(error).split("\n")):
                typer.echo(("" if number else "error: ") + printable(line), err=True)
            raise typer.Exit(MISTAKE) from None
        except KeyboardInterrupt:
            typer.echo("stopped; what has arrived is kept, the same command goes on", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # As `head` does. What is still buffered goes nowhere, or Python would complain at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(UNREAD) from None


app = typer.Typer(
    name="tastemaker",
    cls=Commands,
    help="Measure how language models behave, well enough to ship on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (running, files, importing, grading, people, calibration, cards):
    module.register(app)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A reply may hold what the terminal's encoding does not.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except Exception:  # noqa: BLE001 - the last stop; nothing is hidden, only the code is ours
        traceback.print_exc()
        sys.exit(BROKEN)
