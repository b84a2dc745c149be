"""`--ray [ADDRESS]`: an option whose value may be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

_OPTION = "--ray"

Ray = Annotated[
    str | None,
    typer.Option(
        _OPTION,
        metavar="[ADDRESS]",
        show_default=False,
        help="Play episodes on a Ray cluster: HOST:PORT, auto, or nothing for RAY_ADDRESS or else this machine alone.",
    ),
]


class RayCommand(TyperCommand):
    """A command with this option. Typer knows no option whose value may be left out, so an empty one is put there."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse as usual."""
        return super().parse_args(ctx, list(_filled(args)))


def _filled(arguments: Sequence[str]) -> Iterator[str]:
    for argument, following in zip(arguments, [*arguments[1:], "-"], strict=True):
        yield argument
        if argument == _OPTION and following.startswith("-"):
            yield ""
