from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gameable import Canary, PolicyError, Silent
from gameable.curriculum import Curriculum
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from gameable_policies.scripted import Scripted
from toys import PROFILE, Counting, Politeness, toy_parts, toy_plugins

TOY = Profile.model_validate(PROFILE)


def noting(events: list[str], name: str, original: Any) -> Any:
    def noted(*arguments: Any) -> Any:
        events.append(name)
        return original(*arguments)

    return noted


def test_a_policy_rests_while_others_want_the_memory_and_adopts_before_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    for kind, name in ((Scripted, "adopt"), (Scripted, "rest"), (Politeness, "score"), (Counting, "update")):
        monkeypatch.setattr(kind, name, noting(events, name, getattr(kind, name)))
    parts = toy_parts(TOY)
    with Store.create(tmp_path / "run", manifest(TOY, parts, toy_plugins())) as store:
        Curriculum(TOY, parts, store, tmp_path / "cache", Silent(), Here(TOY, parts)).run()
    warm_start, stage = ["adopt", "rest", "update"], ["adopt", "rest", "score", "update"]
    followed_and_measured = ["adopt", "adopt"]
    assert events == [*warm_start, *followed_and_measured, *stage, *followed_and_measured]


def test_adopting_returns_how_far_the_canary_was_off(tmp_path: Path) -> None:
    here = Here(TOY, toy_parts(TOY))
    assert here.adopt(tmp_path) is None
    assert here.adopt(tmp_path, Canary((1, 2), (0.0,), (0.05,))) == pytest.approx(0.05)
    with pytest.raises(PolicyError, match="did not take on"):
        here.adopt(tmp_path, Canary((1, 2), (0.0,), (9.0,)))
