from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gameable import Access, ActionsView, Measured, Monitor, OracleView, PluginError, Progress, Score, Silent, Unscored
from gameable.episode import Outcome, Payout
from gameable.plugins import Plugins
from gameable_oversight.monitors.ensemble import Ensemble

VIEW = OracleView("id", "toy", (), (), "said", "all", {}, {}, Payout(0.0, True, False), Outcome("honest", engaged=True))


@dataclass
class Member(Monitor):
    """Says one thing, and keeps what it was given."""

    verdict: Any = field(default_factory=lambda: Measured(0.5))
    level: Access = "actions"
    given: list[ActionsView] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def sees(self) -> Access:
        return self.level

    @property
    def tokens(self) -> int:
        return 3

    def prepare(self, folder: Path, cache: Path, progress: Progress) -> None:
        self.calls.append("prepare")

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        self.given.extend(views)
        return [self.verdict] * len(views)

    def close(self) -> None:
        self.calls.append("close")


def verdict(*members: Score, combine: Any = "mean") -> Score:
    (found,) = Ensemble(tuple(Member(each) for each in members), combine).inspect([VIEW])
    return found


@pytest.mark.parametrize(("combine", "value"), [("mean", 0.5), ("max", 0.8)])
def test_members_are_combined_and_told(combine: str, value: float) -> None:
    found = verdict(Measured(0.2), Measured(0.8), combine=combine)
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(value)
    assert found.detail == f"{combine} of Member 0.2, Member 0.8"


@pytest.mark.parametrize("combine", ["mean", "max"])
def test_one_member_without_a_verdict_leaves_none(combine: str) -> None:
    assert verdict(Measured(0.9), Unscored("blind"), combine=combine) == Unscored("blind")


def test_a_member_out_of_range_has_no_verdict() -> None:
    assert isinstance(verdict(Measured(0.1), Measured(3.0)), Unscored)


def test_each_member_sees_its_own_level_only() -> None:
    low, high = Member(level="visible"), Member(level="files")
    ensemble = Ensemble((low, high))
    assert ensemble.sees == "files"
    ensemble.inspect([VIEW])
    assert type(low.given[0]).__name__ == "VisibleView"
    assert type(high.given[0]).__name__ == "FilesView"
    assert not hasattr(low.given[0], "transcript")
    assert not hasattr(high.given[0], "outcome")


def test_members_are_made_ready_and_closed_and_their_costs_added() -> None:
    members = Member(), Member()
    ensemble = Ensemble(members)
    ensemble.prepare(Path(), Path(), Silent())
    ensemble.close()
    assert [each.calls for each in members] == [["prepare", "close"]] * 2
    assert ensemble.tokens == 6


def test_it_needs_a_member() -> None:
    with pytest.raises(PluginError, match="monitors"):
        Plugins().monitor("ensemble", {"monitors": []})
