from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from gameable import OptimizerOffer, ProfileError, Silent, Trained, Update, hookimpl
from gameable.discovery import Origin
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.runs import go_on, start
from gameable.store import Store
from toys import PROFILE, Counting, toy_plugins


@dataclass
class Watching(Counting):
    """Notes what every update was given."""

    updates: ClassVar[list[Update]] = []

    def update(self, update: Update) -> Trained:
        self.updates.append(update)
        return super().update(update)


class Watches:
    @hookimpl
    def gameable_optimizers(self) -> Iterable[OptimizerOffer]:
        yield OptimizerOffer(name="watching", summary="Watches.", factory=f"{__name__}:Watching")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Plugins:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Watching, "updates", [])
    found = toy_plugins()
    found.register(Watches(), Origin("watches", "1.0", "watches"))
    return found


def profile(checkpoint: Path) -> Profile:
    stage = {**PROFILE["stages"][0], "optimizer": "watching"}
    return Profile.model_validate({**PROFILE, "stages": [stage], "checkpoint": str(checkpoint)})


def weights(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def test_training_begins_from_the_checkpoint_and_leaves_it_as_it_was(tmp_path: Path, plugins: Plugins) -> None:
    checkpoint = weights(tmp_path / "given")
    start(profile(checkpoint), plugins, tmp_path / "run", Silent())
    (update,) = Watching.updates
    assert (update.start, update.reference) == (checkpoint, checkpoint)
    assert [file.name for file in checkpoint.iterdir()] == ["config.json"]


def test_a_warm_start_is_replayed_but_not_learned_again(tmp_path: Path, plugins: Plugins) -> None:
    start(profile(weights(tmp_path / "given")), plugins, tmp_path / "run", Silent())
    (update,) = Watching.updates
    assert len(update.replay) == PROFILE["start"]["demonstrations"]["small-talk"]
    assert all(each.episode.scripted for each in update.replay)
    with Store.open(tmp_path / "run", write=False) as store:
        milestones = list(store.milestones())
    assert "start/demonstrated" in milestones
    assert "start/trained" not in milestones
    assert "start/evaluated" in milestones


def test_a_checkpoint_that_is_not_there_is_missed_before_anything_is_spent(tmp_path: Path, plugins: Plugins) -> None:
    with pytest.raises(ProfileError, match="checkpoint: no weights in .*given. Name a folder below `checkpoints`"):
        start(profile(tmp_path / "given"), plugins, tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


def test_a_run_whose_process_died_before_its_manifest_begins_anew(tmp_path: Path, plugins: Plugins) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "lock").write_text("4711")
    go_on(profile(weights(tmp_path / "given")), plugins, tmp_path / "run", Silent())
    with Store.open(tmp_path / "run", write=False) as store:
        assert store.milestone("run/finished") is not None
