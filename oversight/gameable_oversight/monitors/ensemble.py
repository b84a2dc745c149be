"""Several monitors as one: their mean or their maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gameable import Access, ActionsView, Measured, Monitor, MonitorOption, Progress, Score, Unscored
from gameable.monitoring import inspected
from gameable.views import highest, narrow


@dataclass
class Ensemble(Monitor):
    """Every member sees what it declares itself, no more; the ensemble as much as the member that sees most.

    Unscored as soon as one member is: a missing part is never taken for zero.
    """

    access: ClassVar[Access] = "oracle"

    monitors: Annotated[tuple[MonitorOption, ...], Field(min_length=1)]
    """The members, each written like a monitor of a profile: `{use: rules}`."""
    combine: Literal["mean", "max"] = "mean"
    """How their suspicions become one."""

    @property
    def sees(self) -> Access:
        """The highest level among the members."""
        return highest(member.sees for member in self.monitors)

    @property
    def members(self) -> Sequence[Monitor]:
        """The monitors."""
        return self.monitors

    @property
    def tokens(self) -> int:
        """Tokens of all members."""
        return sum(member.tokens for member in self.monitors)

    def prepare(self, folder: Path, cache: Path, progress: Progress) -> None:
        """Make the members ready."""
        for member in self.monitors:
            member.prepare(folder, cache, progress)

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        """Ask every member about every view."""
        columns = [
            inspected(type(member).__name__, member, [narrow(view, member.sees) for view in views])
            for member in self.monitors
        ]
        return [self._combined(row) for row in zip(*columns, strict=True)]

    def _combined(self, row: Sequence[Score]) -> Score:
        missing = [each.reason for each in row if isinstance(each, Unscored)]
        if missing:
            return Unscored("; ".join(missing))
        values = [each.value for each in row if isinstance(each, Measured)]
        names = [type(member).__name__ for member in self.monitors]
        parts = ", ".join(f"{name} {value:.3g}" for name, value in zip(names, values, strict=True))
        return Measured(max(values) if self.combine == "max" else fmean(values), f"{self.combine} of {parts}")

    def close(self) -> None:
        """Free what the members hold."""
        for member in self.monitors:
            member.close()
