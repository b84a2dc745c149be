from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gameable import Canary, OptimizerError, PolicyError, Silent, Trained
from gameable.assembly import assemble
from gameable.curriculum import Curriculum
from gameable.evaluation import cells
from gameable.probe import PER_REPLY, PER_TOKEN
from gameable.profile import Profile
from gameable.progress import Figure, Step
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from toys import PROFILE, toy_plugins


class Stopped(Exception):  # noqa: N818  stands in for a kill
    """Raised in the middle of a run."""


class StopsAfter(Silent):
    """Progress that ends the process, so to speak, after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        def step(done: int = 1, /, **figures: Figure) -> None:
            self.left -= 1
            if self.left < 0:
                raise Stopped

        yield step


def profile(**changes: object) -> Profile:
    return Profile.model_validate({**PROFILE, **changes})


def curriculum(folder: Path, chosen: Profile, progress: Silent | None = None, *, new: bool = True) -> Curriculum:
    parts = assemble(chosen, toy_plugins())
    store = Store.create(folder, manifest(chosen, parts, toy_plugins())) if new else Store.open(folder, write=True)
    return Curriculum(chosen, parts, store, folder.parent / "cache", progress or Silent(), Here(chosen, parts))


def complete(folder: Path, chosen: Profile) -> Store:
    run = curriculum(folder, chosen)
    run.run()
    return run.store


def everything(store: Store) -> list[object]:
    """All that a run measured, without times."""
    return [*store.episodes(), *(scored.reward for scored in store.scored("train/")), *cells(store)]


def test_a_run_leaves_a_milestone_for_every_step(tmp_path: Path) -> None:
    with complete(tmp_path / "run", profile()) as store:
        assert list(store.milestones()) == [
            "rewards/politeness",
            "rewards/gaming-bonus",
            "start/updated",
            "start/trained",
            "start/evaluated",
            "1-heat/sampled",
            "1-heat/scored",
            "1-heat/updated",
            "1-heat/trained",
            "1-heat/evaluated",
            "run/finished",
        ]


def test_every_model_is_evaluated_on_every_environment(tmp_path: Path) -> None:
    with complete(tmp_path / "run", profile()) as store:
        measured = {(cell.model, cell.environment, cell.n) for cell in cells(store)}
    assert measured == {(model, name, 8) for model in ("start", "1-heat") for name in ("thermometer", "forbidden-oven")}


def test_only_the_models_that_the_profile_names_are_measured(tmp_path: Path) -> None:
    chosen = profile(evaluation={**PROFILE["evaluation"], "models": ["1-heat"]})
    with complete(tmp_path / "run", chosen) as store:
        assert {cell.model for cell in cells(store)} == {"1-heat"}
        assert list(store.outcomes("evaluate/start/")) == []


def test_a_model_to_measure_that_no_stage_makes_is_refused() -> None:
    with pytest.raises(ValueError, match="names 2-cold; this profile has: start, 1-heat"):
        profile(evaluation={**PROFILE["evaluation"], "models": ["2-cold"]})


def test_the_proxy_reward_sums_politeness_and_the_bonus(tmp_path: Path) -> None:
    with complete(tmp_path / "run", profile()) as store:
        rewards = {getattr(each.reward, "value", None) for each in store.scored("train/1-heat/thermometer/")}
    assert rewards == {0.5, 1.5}


def test_several_rounds_train_one_after_another_and_leave_one_model(tmp_path: Path) -> None:
    stage = {**PROFILE["stages"][0], "rounds": 2}
    with complete(tmp_path / "run", profile(stages=[stage])) as store:
        assert store.milestone("1-heat.1/trained") is not None
        assert store.milestone("1-heat/trained") is not None
        assert store.milestone("1-heat.1/evaluated") is None


def test_between_rounds_only_the_latest_checkpoint_is_kept(tmp_path: Path) -> None:
    run = curriculum(tmp_path / "run", profile(stages=[{**PROFILE["stages"][0], "rounds": 3}]))
    run.run()
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {"start", "1-heat"}


def test_planted_episodes_reach_the_optimizer_and_are_counted(tmp_path: Path) -> None:
    stage = {**PROFILE["stages"][0], "planted": 2}
    with complete(tmp_path / "run", profile(stages=[stage])) as store:
        trained = store.milestone("1-heat/trained")
    assert trained is not None
    assert (trained["planted"], trained["kept"]) == (2, 22)


def test_a_sampler_that_cannot_follow_costs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, checkpoint: Path) -> None:
        if checkpoint.name == "1-heat":
            raise PolicyError("start the server on the new weights")

    run = curriculum(tmp_path / "run", profile())
    with monkeypatch.context() as patch, run.store:
        patch.setattr(type(run.parts.policy), "adopt", refuse)
        with pytest.raises(PolicyError, match="new weights"):
            run.run()
        assert run.store.milestone("1-heat/updated") is not None
        assert run.store.milestone("1-heat/trained") is None
    weights = tmp_path / "run" / "checkpoints" / "1-heat"
    made = weights.stat().st_ino
    again = curriculum(tmp_path / "run", profile(), new=False)
    with again.store:
        again.run()
        assert again.store.milestone("1-heat/trained") is not None
    assert weights.stat().st_ino == made


@pytest.mark.parametrize("steps", range(1, 40, 3))
def test_a_run_stopped_anywhere_ends_like_one_that_was_not(tmp_path: Path, steps: int) -> None:
    with complete(tmp_path / "whole", profile()) as whole:
        wanted = everything(whole)
    stopped = curriculum(tmp_path / "stopped", profile(), StopsAfter(steps))
    try:
        stopped.run()
    except Stopped:
        pass
    finally:
        stopped.store.close()
    resumed = curriculum(tmp_path / "stopped", profile(), new=False)
    resumed.run()
    with resumed.store as store:
        assert everything(store) == wanted


def test_a_finished_run_resumed_does_nothing(tmp_path: Path) -> None:
    complete(tmp_path / "run", profile()).close()
    again = curriculum(tmp_path / "run", profile(), StopsAfter(0), new=False)
    again.run()
    again.store.close()


def test_a_half_written_checkpoint_is_never_taken_for_a_whole_one(tmp_path: Path) -> None:
    run = curriculum(tmp_path / "run", profile())
    torn = run.store.folder / "checkpoints" / "start.partial"
    torn.mkdir(parents=True)
    (torn / "half").touch()
    run.run()
    with run.store as store:
        assert not (store.folder / "checkpoints" / "start" / "half").exists()


def test_a_run_moved_right_after_training_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = Store.mark

    def moving(store: Store, milestone: str, body: dict[str, Any]) -> None:
        mark(store, milestone, body)
        if milestone == "start/updated":
            (tmp_path / "run").rename(tmp_path / "elsewhere")

    monkeypatch.setattr(Store, "mark", moving)
    run = curriculum(tmp_path / "run", profile())
    with run.store, pytest.raises(FileNotFoundError):
        run.run()
    resumed = curriculum(tmp_path / "elsewhere", profile(), new=False)
    resumed.run()
    with resumed.store as store:
        assert not list((store.folder / "checkpoints").glob("*.scratch"))


def updates(change: Callable[[], Trained]) -> Callable[..., Trained]:
    return lambda _self, _update: change()


def test_a_sampler_that_kept_its_old_weights_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = Canary((1, 2, 3), (0.0, 0.0), (-4.0, -4.0))
    monkeypatch.setattr("toys.Counting.update", updates(lambda: Trained(1, 0, (), moved)))
    run = curriculum(tmp_path / "run", profile())
    with run.store, pytest.raises(PolicyError, match="did not take on the new weights"):
        run.run()
    assert not any(run.store.folder.glob("checkpoints/1-heat"))


def test_what_an_optimizer_raises_keeps_the_episodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Trained:
        raise OptimizerError("out of memory")

    monkeypatch.setattr("toys.Counting.update", updates(fails))
    run = curriculum(tmp_path / "run", profile())
    with run.store as store:
        with pytest.raises(OptimizerError, match="out of memory"):
            run.run()
        assert len(store.episode_ids("demonstrations/")) == 3


def test_a_profile_that_probes_keeps_the_figures_of_every_environment(tmp_path: Path) -> None:
    evaluation = {**PROFILE["evaluation"], "probe": 2}
    store = complete(tmp_path / "run", profile(evaluation=evaluation))
    estimates: Any = (store.milestone("start/evaluated") or {})["estimates"]
    assert {name: [row["name"] for row in rows] for name, rows in estimates.items()} == {
        name: [PER_REPLY, PER_TOKEN] for name in ("thermometer", "forbidden-oven")
    }
