"""`gameable …`: the command line.

Results go to standard output, everything else to standard error. What a user can mend is printed in one piece with
status 2; Ctrl-C loses nothing and leaves with status 130.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from gameable.cli import extending, overseeing, reading, running
from gameable.errors import GameableError

app = typer.Typer(
    name="gameable",
    help="A testbed for specification gaming: train on gameable environments, measure what carries over.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help starts twice as fast
    add_completion=False,
)
for part in (running, reading, overseeing, extending):
    app.add_typer(part.app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors that a user can mend end it with their message alone."""
    try:
        app(args=arguments, standalone_mode=True)
    except GameableError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except ModuleNotFoundError as error:
        from gameable.extras import brings, install_line

        if not error.name or not brings(error.name):
            raise
        sys.stderr.write(f"error: {error.name} is needed here and not installed. {install_line(error.name)}\n")
        sys.exit(2)
