"""The reference of the command line, as Typer itself writes it."""

from __future__ import annotations

import typer.cli
from typer.testing import CliRunner


def commands() -> str:
    """Return every command with its arguments and options, a section for each.

    Raises:
        RuntimeError: Typer could not read the command line.
    """
    told = CliRunner().invoke(typer.cli.app, ["gameable.cli", "utils", "docs", "--name", "gameable"])
    if told.exit_code:
        raise RuntimeError(told.output) from told.exception
    return told.stdout[told.stdout.index("\n## ") :]  # what comes before is the page's own heading and contents
