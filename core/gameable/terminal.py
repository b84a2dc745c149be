"""How far a run is, for people: a live display on a terminal, a few plain lines in a log.

However a block ends, by an error or by Ctrl-C, the terminal is left as it was found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from gameable.progress import Figure, Progress, Step


def make_progress(console: Console) -> Progress:
    """Return the display that suits the console: live where lines can be redrawn, plain elsewhere."""
    return Live(console) if console.is_interactive else Plain(console)


@dataclass
class Live:
    """Bars that redraw themselves; pieces of work that run at once share one display, finished ones stay in sight."""

    console: Console
    _bars: Bars | None = field(init=False, repr=False, default=None)

    def say(self, text: str) -> None:
        """Print a line that stays, above the bars."""
        self.console.print(text, markup=False, emoji=False, highlight=False)

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        """Show a bar while the block runs."""
        if self._bars is not None:
            with _bar(self._bars, what, total, unit) as step:
                yield step
            return
        with _bars(self.console) as bars:
            self._bars = bars
            try:
                with _bar(bars, what, total, unit) as step:
                    yield step
            finally:
                self._bars = None


@contextmanager
def _bar(bars: Bars, what: str, total: int, unit: str) -> Iterator[Step]:
    shown: dict[str, Figure] = {}
    task = bars.add_task(escape(what), total=total, unit=escape(unit), figures="")

    def step(done: int = 1, /, **figures: Figure) -> None:
        shown.update(figures)
        bars.update(task, advance=done, figures=escape(_listed(shown)))

    try:
        yield step
    finally:
        bars.stop_task(task)


def _bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}", style="cyan"),
        console=console,
        refresh_per_second=4,
    )


class _Rate(ProgressColumn):
    """Units per second, over the last half minute while running and over all when finished."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{_short(rate)}/s", style="green")


@dataclass
class Plain:
    """Lines for a log: one at the start, one now and then, one at the end, each written out at once."""

    console: Console
    clock: Callable[[], float] = time.monotonic

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        """Print lines about one piece of work while the block runs."""
        work = _Work(what, total, unit, self.clock, began=self.clock())
        self.say(f"{what}: {total} {unit} to do".replace("  ", " "))

        def step(done: int = 1, /, **figures: Figure) -> None:
            work.advance(done, figures)
            if work.is_due():
                self.say(work.line())

        try:
            yield step
        finally:
            self.say(work.line())


_PAUSE = 10.0
"""Seconds that at least lie between two lines."""
_SILENCE = 60.0
"""Seconds after which a line is due although less than a tenth was done."""


@dataclass
class _Work:
    what: str
    total: int
    unit: str
    clock: Callable[[], float]
    began: float
    done: int = 0
    figures: dict[str, Figure] = field(default_factory=dict)
    told: tuple[int, float] | None = None
    """What was done, and when, at the last line."""
    base: tuple[int, float] | None = None
    """The same at the first step, from which speed is measured: a resumed run steps over much work at once."""

    def advance(self, done: int, figures: dict[str, Figure]) -> None:
        self.done += done
        self.figures.update(figures)
        self.base = self.base or (self.done, self.clock())

    def is_due(self) -> bool:
        done, at = self.told or (0, self.began)
        further = 10 * (self.done - done) >= self.total
        return self.done < self.total and self.clock() - at >= (_PAUSE if further else _SILENCE)

    def line(self) -> str:
        now = self.clock()
        self.told = self.done, now
        counted, since = self.base or (0, now)
        rate = (self.done - counted) / (now - since) if now > since else 0.0
        parts = [f"{self.done}/{self.total} {self.unit}".rstrip(), f"{_span(now - self.began)} elapsed"]
        if rate > 0:
            parts.append(f"{_short(rate)}/s")
        if rate > 0 and self.done < self.total:
            parts.append(f"{_span((self.total - self.done) / rate)} left")
        return f"{self.what}: {', '.join([*parts, *filter(None, [_listed(self.figures)])])}"


def _listed(figures: dict[str, Figure]) -> str:
    """Write figures by name; an underscore in a name stands for a blank."""
    values = ((name.replace("_", " "), value) for name, value in figures.items())
    return ", ".join(f"{name} {_short(value) if isinstance(value, float) else value}" for name, value in values)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  three digits are enough


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
