from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gameable import Silent, StoreError
from gameable.assembly import assemble
from gameable.errors import RewardError
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.profile_reading import read
from gameable.runs import manifest, start, train_reward
from gameable.store import Store
from toys import PROFILE, toy_plugins


def manifest_of(*overrides: str) -> dict[str, Any]:
    profile = read("quickstart", overrides)
    plugins = Plugins()
    return manifest(profile, assemble(profile, plugins), plugins)


def test_a_run_can_be_told_from_its_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    start(Profile.model_validate(PROFILE), toy_plugins(), tmp_path / "run", Silent())
    with Store.open(tmp_path / "run", write=False) as store:
        told = store.manifest
    assert Profile.model_validate(told["profile"]) == Profile.model_validate(PROFILE)
    assert told["profile"]["seed"] == 3
    assert told["versions"]["gameable"] == told["gameable"]
    assert set(told["prompts"]) == {"thermometer", "forbidden-oven"}
    assert told["held_out"] == ["forbidden-oven"]
    assert {"commit", "argv", "created", "models", "measures", "floor"} <= set(told)


def test_the_hash_of_the_prompts_follows_their_wording() -> None:
    assert manifest_of()["prompts"] == manifest_of()["prompts"]
    short, full = manifest_of()["prompts"], manifest_of("prompt=full")["prompts"]
    assert all(short[name] != full[name] for name in short)


def test_a_folder_that_holds_something_is_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").touch()
    with pytest.raises(StoreError, match="not empty"):
        start(Profile.model_validate(PROFILE), toy_plugins(), tmp_path / "run", Silent())


def test_a_reward_that_is_not_learned_cannot_be_trained(tmp_path: Path) -> None:
    with pytest.raises(RewardError, match="reward 'gaming-bonus' is not learned"):
        train_reward("gaming-bonus", {}, tmp_path, tmp_path / "out", Silent())
