"""How long work tells a person how far it is: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

Figure = float | int | str


class Step(Protocol):
    """Reports progress of one piece of work."""

    def __call__(self, done: int = 1, /, **figures: Figure) -> None:
        """Note that `done` more units are finished; `figures` are shown beside the bar, latest value wins."""


class Progress(Protocol):
    """Where progress goes."""

    def say(self, text: str) -> None:
        """Print a line that stays."""

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        """Show one piece of work with `total` units while the block runs."""


class Silent:
    """Progress that nobody watches: for tests and library use."""

    def say(self, text: str) -> None:
        """Drop the line."""

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        """Drop the figures."""

        def step(done: int = 1, /, **figures: Figure) -> None:
            pass

        yield step
