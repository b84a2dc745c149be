"""An evaluation may be longer than memory is large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gameable import Episode, Estimate, Silent
from gameable.assembly import assemble
from gameable.curriculum import Curriculum
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from toys import PROFILE, Thermometer, toy_plugins


def test_environments_sum_up_a_stream_of_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(_self: Thermometer, episodes: Iterable[Episode]) -> Sequence[Estimate]:
        assert isinstance(episodes, Iterator)
        count = sum(1 for _ in episodes)
        return (Estimate("played", 1.0, 1.0, 1.0, count),)

    monkeypatch.setattr(Thermometer, "summarise", counted)
    chosen = Profile.model_validate({**PROFILE, "stages": [], "start": None})
    parts = assemble(chosen, toy_plugins())
    with Store.create(tmp_path / "run", manifest(chosen, parts, toy_plugins())) as store:
        Curriculum(chosen, parts, store, tmp_path / "cache", Silent(), Here(chosen, parts)).run()
        figures: Any = store.milestones()["start/evaluated"]["estimates"]
    assert [each["n"] for found in figures.values() for each in found] == [8, 8]
