"""What several commands share: options, where they print, and how they are stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

Run = Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the profile.")
]
Options = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set an option.")]
PluginFiles = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="Also use a plugin that is one file.", show_default=False),
]


@contextmanager
def stoppable(folder: Path, command: str | None = None) -> Iterator[None]:
    """Leave on Ctrl-C with status 130 and the command that goes on, `gameable resume` if none is given."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\nStopped. Everything that was finished is kept; {command or f'`gameable resume {folder}`'} goes on.\n"
        )
        raise typer.Exit(130) from None


def setting(option: str) -> tuple[str, str]:
    """Split KEY=VALUE."""
    name, equals, value = option.partition("=")
    if not equals:
        raise typer.BadParameter(f"{option}: write KEY=VALUE, for example --set epochs=2")
    return name, value


def stdout() -> Console:
    """Results."""
    from rich.console import Console

    return Console()


def stderr() -> Console:
    """Everything else."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(value: object) -> None:
    """Results as data."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
