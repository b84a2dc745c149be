"""A training step that was killed goes on from its last checkpoint and ends with the same weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from policy_gradients import EPISODES, fast
from updates import DEMONSTRATIONS, Deadly, Killed, contents, train, update_of

from gameable import Optimizer
from gameable_plugins.optimizers import _resume
from gameable_plugins.optimizers._resume import last_checkpoint
from gameable_plugins.optimizers.ppo import PPO
from gameable_plugins.optimizers.rloo import RLOO
from gameable_plugins.optimizers.warm_start import WarmStart

OPTIONS: dict[str, Any] = {"learning_rate": 3e-3, "batch_size": 2, "micro_batch_size": 1, "epochs": 3}
"""Three steps an epoch, nine in all."""


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("steps", "rank"), [(2, 0), (4, 0), (6, 0), (9, 0), (5, 4)])
def test_a_resumed_update_equals_one_that_was_never_killed(
    tiny_model: Path, tmp_path: Path, steps: int, rank: int
) -> None:
    optimizer = WarmStart(lora_rank=rank, **OPTIONS)
    whole = train(optimizer, tiny_model, tmp_path / "whole")
    with pytest.raises(Killed):
        train(optimizer, tiny_model, tmp_path / "killed", progress=Deadly(steps))
    (tmp_path / "killed").rmdir()
    resumed = train(optimizer, tiny_model, tmp_path / "killed", progress=(progress := Deadly(10)))
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert [row["step"] for row in resumed.curve] == list(range(1, 10))
    assert [row["loss"] for row in resumed.curve] == [row["loss"] for row in whole.curve]
    assert resumed.canary == whole.canary
    assert (progress.first, progress.steps) == (steps - 1, 9)  # it died before its last step was saved


@pytest.mark.usefixtures("always")
def test_only_the_last_checkpoint_is_kept_and_none_of_the_end(tiny_model: Path, tmp_path: Path) -> None:
    train(WarmStart(**OPTIONS), tiny_model, tmp_path / "out")
    assert [each.name for each in (tmp_path / "out.scratch" / "trainer").iterdir()] == ["checkpoint-8"]


def test_a_short_update_writes_no_checkpoint(tiny_model: Path, tmp_path: Path) -> None:
    train(WarmStart(**OPTIONS), tiny_model, tmp_path / "out")
    assert not list((tmp_path / "out.scratch").rglob("checkpoint-*"))


def test_a_checkpoint_that_was_cut_short_is_deleted_and_the_one_before_it_taken(tmp_path: Path) -> None:
    for step, files in ((9, ("trainer_state.json",)), (10, ("trainer_state.json",)), (11, ("optimizer.pt",))):
        (tmp_path / f"checkpoint-{step}").mkdir()
        for name in files:
            (tmp_path / f"checkpoint-{step}" / name).write_text("{}")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-11").exists()


def test_a_checkpoint_whose_state_was_cut_short_is_none(tmp_path: Path) -> None:
    for step, state in ((9, '{"global_step": 9}'), (10, '{"global_st'), (11, "")):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-9"
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint-9"]


def test_without_a_complete_checkpoint_the_update_begins_at_the_start(tiny_model: Path, tmp_path: Path) -> None:
    optimizer = WarmStart(**OPTIONS)
    train(optimizer, tiny_model, tmp_path / "whole")
    update = update_of(tiny_model, tmp_path / "killed", DEMONSTRATIONS)
    (update.scratch / "trainer" / "checkpoint-3").mkdir(parents=True)
    optimizer.update(update)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize("optimizer", [fast(PPO), fast(RLOO), fast(PPO, lora_rank=2)])
@pytest.mark.parametrize("seconds", [0.0, math.inf])
def test_a_resumed_policy_gradient_equals_one_that_was_never_killed(
    optimizer: Optimizer, tiny_model: Path, tmp_path: Path, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(optimizer, tiny_model, tmp_path / "whole", EPISODES)
    monkeypatch.setattr(_resume, "SECONDS", seconds)
    with pytest.raises(Killed):
        train(optimizer, tiny_model, tmp_path / "killed", EPISODES, progress=Deadly(4))
    saved = [each.name for each in (tmp_path / "killed.scratch").rglob("step-*")]
    assert saved == ([] if seconds else ["step-000004"])
    (tmp_path / "killed").rmdir()
    resumed = train(optimizer, tiny_model, tmp_path / "killed", EPISODES, progress=(progress := Deadly(10)))
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert (resumed.curve, resumed.canary) == (whole.curve, whole.canary)
    assert progress.steps == 6


@pytest.mark.usefixtures("always")
def test_a_state_of_a_policy_gradient_that_was_cut_short_is_not_taken_up(tiny_model: Path, tmp_path: Path) -> None:
    whole = train(fast(), tiny_model, tmp_path / "whole", EPISODES)
    with pytest.raises(Killed):
        train(fast(), tiny_model, tmp_path / "killed", EPISODES, progress=Deadly(2))
    (tmp_path / "killed").rmdir()
    (tmp_path / "killed.scratch" / "ppo" / "step-000003.partial").mkdir()
    assert train(fast(), tiny_model, tmp_path / "killed", EPISODES).curve == whole.curve
