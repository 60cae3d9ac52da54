"""The command `tastemaker`.

Exit codes: 0 pass, 1 fail, 2 a mistake in the call or the files, 3 inconclusive, 4 incomplete;
130 when stopped by Ctrl-C.
"""

import sys

import typer

from tastemaker.cli import files, running
from tastemaker.errors import UserError

INTERRUPTED = 130

app = typer.Typer(
    name="tastemaker",
    help="Measure how language models behave, well enough to ship on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (running, files):
    module.register(app)


def main() -> None:
    """Run the command line; a UserError is printed without a traceback and exits with 2."""
    for stream in (sys.stdout, sys.stderr):
        # A reply may hold what the terminal's encoding does not.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped; what has arrived is kept, the same command goes on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        sys.stderr.close()
        sys.exit(0)
