"""Updates made by `accelerate launch`: two processes on CPUs do what one does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from policy_gradients import BOTH, EPISODES, fast
from updates import contents, episode, train, weights, wrote

from gameable import OptimizerError, Silent, Step
from gameable_plugins.optimizers._training import micro_batches
from gameable_plugins.optimizers.grpo import GRPO
from gameable_plugins.optimizers.warm_start import WarmStart

pytestmark = pytest.mark.timeout(180)  # each process imports torch, and GRPO's import TRL


@pytest.fixture
def two_cpus(tmp_path: Path) -> str:
    """An accelerate configuration of two processes without GPUs.

    Its type is that of several GPUs: accelerate launches several processes on CPUs by that type, or by MPI.
    """
    config = tmp_path / "two-cpus.yaml"
    config.write_text(
        "compute_environment: LOCAL_MACHINE\ndistributed_type: MULTI_GPU\nnum_processes: 2\nnum_machines: 1\n"
        "machine_rank: 0\nmain_process_port: 0\nuse_cpu: true\nmixed_precision: 'no'\n"
    )
    return str(config)


class Watched(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        self.told.append((what, total, unit))

        def step(done: int = 1, /, **figures: float | str) -> None:
            self.told.append((done, *figures))

        yield step


def options(**more: Any) -> dict[str, Any]:
    """Six rows in batches of four: the last step of each epoch has two, one for each process."""
    return {"learning_rate": 3e-3, "batch_size": 4, "micro_batch_size": 2, "epochs": 2, **more}


def apart(one: Path, other: Path, start: Path) -> float:
    """How far two checkpoints are from each other, as a share of how far the first one is from the start."""

    def distance(left: Path, right: Path) -> float:
        tensors = weights(right)
        return math.sqrt(sum(float(((each - tensors[name]) ** 2).sum()) for name, each in weights(left).items()))

    return distance(one, other) / distance(one, start)


def test_two_processes_train_as_one_does(tiny_model: Path, tmp_path: Path, two_cpus: str) -> None:
    progress = Watched()
    alone = train(WarmStart(**options()), tiny_model, tmp_path / "alone")
    both = train(WarmStart(**options(accelerate=two_cpus)), tiny_model, tmp_path / "both", progress=progress)
    assert [row["loss"] for row in both.curve] == pytest.approx([row["loss"] for row in alone.curve], abs=1e-3)
    assert (both.kept, both.figures["tokens"]) == (alone.kept, alone.figures["tokens"])
    assert contents(tmp_path / "both").keys() == contents(tmp_path / "alone").keys()
    assert apart(tmp_path / "alone", tmp_path / "both", tiny_model) < 0.05
    assert both.canary is not None
    assert alone.canary is not None
    assert both.canary.after == pytest.approx(alone.canary.after, abs=1e-2)
    assert progress.told == [("fine-tuning", 4, "step"), *[(1, "loss")] * 4]


def test_an_error_of_a_process_is_the_error_of_the_update(tiny_model: Path, tmp_path: Path, two_cpus: str) -> None:
    with pytest.raises(OptimizerError, match=r"^frozen_layers is 3, .* 2 layers"):
        train(WarmStart(frozen_layers=3, accelerate=two_cpus), tiny_model, tmp_path / "out")


def test_a_launch_that_fails_shows_the_end_of_what_it_said(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text("distributed_type: MULTI_CPU\nno_such_key: 1\n")
    with pytest.raises(OptimizerError, match=r"launched training failed(.|\n)*no_such_key"):
        train(WarmStart(accelerate=str(tmp_path / "odd.yaml")), tiny_model, tmp_path / "out")


def test_one_process_where_two_were_wanted_is_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.yaml"
    alone.write_text("compute_environment: LOCAL_MACHINE\ndistributed_type: MULTI_CPU\nnum_processes: 2\n")
    with pytest.raises(OptimizerError, match=r"started 1 processes, .* names 2\..*MULTI_GPU"):
        train(WarmStart(accelerate=str(alone)), tiny_model, tmp_path / "out")


def test_a_configuration_that_is_not_there_is_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(OptimizerError, match="no such file. Type `accelerate config"):
        train(WarmStart(accelerate="nowhere.yaml"), tiny_model, tmp_path / "out")


def test_an_interrupted_update_leaves_no_process_behind(tiny_model: Path, tmp_path: Path, two_cpus: str) -> None:
    class Interrupting(Watched):
        @contextmanager
        def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
            assert len(psutil.Process().children(recursive=True)) >= 3  # the launcher and both workers
            raise KeyboardInterrupt
            yield

    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(KeyboardInterrupt):
        train(WarmStart(**options(accelerate=two_cpus)), tiny_model, tmp_path / "out", progress=Interrupting())
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("processes", "micro", "times"), [("1", 4, 3), ("2", 3, 2), ("3", 4, 1), ("12", 1, 1)])
def test_processes_share_a_batch(monkeypatch: pytest.MonkeyPatch, processes: str, micro: int, times: int) -> None:
    monkeypatch.setenv("WORLD_SIZE", processes)
    assert micro_batches(WarmStart(batch_size=12, micro_batch_size=4)) == (micro, times)


def test_a_batch_that_processes_cannot_share_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(OptimizerError, match=r"16, which 3 processes .* multiple of 3"):
        micro_batches(WarmStart(batch_size=16))


def test_grpo_in_two_processes_does_what_it_does_in_one(tiny_model: Path, tmp_path: Path, two_cpus: str) -> None:
    """Three groups, so that the second process's share begins inside one."""
    episodes = [
        episode(f"{prompt}/{text}", wrote(text), variant=str(prompt), reward=float(len(text) * (prompt + 1)))
        for prompt in range(3)
        for text in ("yes", "no", "perhaps", "who knows")
    ]
    grpo: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 12, "micro_batch_size": 3}
    alone = train(GRPO(**grpo), tiny_model, tmp_path / "alone", episodes)
    both = train(GRPO(**grpo, accelerate=two_cpus), tiny_model, tmp_path / "both", episodes)
    for name in ("loss", "reward", "reward_std", "completions/mean_length"):
        assert both.curve[0][name] == pytest.approx(alone.curve[0][name], abs=1e-3), name
    assert apart(tmp_path / "alone", tmp_path / "both", tiny_model) < 0.05


@BOTH
def test_policy_gradients_in_two_processes_do_what_they_do_in_one(
    kind: Any, tiny_model: Path, tmp_path: Path, two_cpus: str
) -> None:
    import torch

    # Three micro batches a step: one process has none left for the second turn.
    options: dict[str, Any] = {"batch_size": 6, "micro_batch_size": 2}
    alone = train(fast(kind, **options), tiny_model, tmp_path / "alone", EPISODES)
    both = train(fast(kind, accelerate=two_cpus, **options), tiny_model, tmp_path / "both", EPISODES)
    assert (alone.figures["processes"], both.figures["processes"]) == (1, 2)
    for one, other in zip(alone.curve, both.curve, strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)
    assert contents(tmp_path / "both").keys() == contents(tmp_path / "alone").keys()
    for name, tensor in weights(tmp_path / "alone").items():
        torch.testing.assert_close(weights(tmp_path / "both")[name], tensor, rtol=0, atol=1e-3)
    assert both.canary is not None
    assert (both.kept, both.figures["tokens"]) == (alone.kept, alone.figures["tokens"])
