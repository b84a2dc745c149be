from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gameable import Canary, PolicyError, Silent
from gameable.curriculum import Curriculum
from gameable.episode import Episode
from gameable.errors import WorkerError
from gameable.evaluation import cells
from gameable.on_ray.workers import RayWorkers
from gameable.plan import Plan
from gameable.profile import Profile, Sampling
from gameable.progress import Figure, Step
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from toys import PROFILE, Deadly, DiesOnceHeard, InBatches, toy_parts, toy_plugins

pytestmark = [pytest.mark.usefixtures("ray_of_two"), pytest.mark.timeout(240)]

Script = Callable[[str, str, int], str]
TOY = Profile.model_validate({**PROFILE, "evaluation": {**PROFILE["evaluation"], "probe": 2}})


class Stopped(Exception):  # noqa: N818  stands in for Ctrl-C
    """Raised in the middle of a run."""


class Told(Silent):
    """Keeps what is said; may end the run after so many reports of progress."""

    def __init__(self, steps: int = 10_000) -> None:
        self.said: list[str] = []
        self.left = steps

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        def step(done: int = 1, /, **figures: Figure) -> None:
            self.left -= 1
            if self.left < 0:
                raise Stopped

        yield step


def on_ray(folder: Path, progress: Silent | None = None, script: Script | None = None) -> RayWorkers:
    make = partial(toy_parts, TOY, script)
    return RayWorkers(TOY, make(), folder, progress or Silent(), make)


def everything(store: Store) -> list[object]:
    """All that a run measured, without times."""
    estimates = [(store.milestone(f"{model}/evaluated") or {})["estimates"] for model in ("start", "1-heat")]
    return [*store.episodes(), *(scored.reward for scored in store.scored("train/")), *cells(store), *estimates]


def run(folder: Path, workers: RayWorkers | Here, progress: Silent | None = None, *, new: bool = True) -> list[object]:
    parts = toy_parts(TOY)
    made = Store.create(folder, manifest(TOY, parts, toy_plugins())) if new else Store.open(folder, write=True)
    with made as store, closing(workers):
        Curriculum(TOY, parts, store, folder.parent / "cache", progress or Silent(), workers).run()
        return everything(store)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What one process measures."""
    return run(tmp_path_factory.mktemp("alone") / "run", Here(TOY, toy_parts(TOY)))


def test_two_workers_measure_what_one_process_measures(tmp_path: Path, alone: list[object]) -> None:
    workers = on_ray(tmp_path / "run")
    assert run(tmp_path / "run", workers) == alone


def test_the_batch_of_a_worker_that_dies_is_played_again_and_nothing_counts_twice(
    tmp_path: Path, alone: list[object]
) -> None:
    (tombs := tmp_path / "tombs").mkdir()
    told = Told()
    workers = on_ray(tmp_path / "run", told, Deadly(2, tombs))
    assert run(tmp_path / "run", workers) == alone
    assert len(list(tombs.iterdir())) == 2
    assert len([line for line in told.said if "another one does it again" in line]) == 2


def test_each_episode_is_handed_on_once_although_some_came_before_their_worker_died(tmp_path: Path) -> None:
    patient = TOY.model_copy(update={"sampling": Sampling(max_tokens=1000, max_commands=9, in_flight=16)})
    make = partial(toy_parts, patient, DiesOnceHeard(tmp_path / "heard", tmp_path / "tomb"), InBatches)
    parts, kept = make(), list[str]()
    plays = Plan(patient, parts.environments).evaluation("start")

    def keep(episodes: Sequence[Episode]) -> None:
        assert episodes
        kept.extend(each.id for each in episodes)
        (tmp_path / "heard").touch()

    with closing(RayWorkers(patient, parts, tmp_path, Silent(), make)) as workers:
        workers.adopt(tmp_path)
        workers.play("start", plays, set(), keep)
    assert (tmp_path / "tomb").exists()
    assert sorted(kept) == sorted(play.id for play in plays)


def test_workers_that_die_again_and_again_end_the_run_with_the_way_on(tmp_path: Path, alone: list[object]) -> None:
    (tombs := tmp_path / "tombs").mkdir()
    folder = tmp_path / "run"
    with pytest.raises(WorkerError, match=rf"3 workers in a row died .*gameable resume {folder} --ray") as died:
        run(folder, on_ray(folder, script=Deadly(99, tombs)))
    assert "evaluate/start/" in str(died.value)
    assert run(folder, on_ray(folder), new=False) == alone


def test_a_run_that_was_stopped_on_ray_goes_on_in_one_process(tmp_path: Path, alone: list[object]) -> None:
    told = Told(steps=9)
    workers = on_ray(tmp_path / "run", told)
    with pytest.raises(Stopped):
        run(tmp_path / "run", workers, told)
    assert run(tmp_path / "run", Here(TOY, toy_parts(TOY)), new=False) == alone


def refuses(prompt: str, so_far: str, seed: int) -> str:
    raise PolicyError("the server does not answer")


def test_what_a_policy_raises_in_an_actor_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"^the server does not answer$"):
        run(tmp_path / "run", on_ray(tmp_path / "run", script=refuses))


def test_an_actor_that_kept_its_old_weights_stops_the_run(tmp_path: Path) -> None:
    moved = Canary((1, 2, 3), (0.0, 0.0), (-4.0, -4.0))
    workers = on_ray(tmp_path)
    with closing(workers), pytest.raises(PolicyError, match="did not take on the new weights"):
        workers.adopt(tmp_path, moved)
    assert workers._workers == []


def test_a_rested_worker_adopts_again_before_it_works(tmp_path: Path) -> None:
    bird = Canary((1, 2, 3), (0.0, 0.0), (0.05, 0.05))
    with closing(on_ray(tmp_path)) as workers:
        assert workers.adopt(tmp_path, bird) == pytest.approx(0.05)
        actor = workers._workers[0].actor
        workers.rest()
        assert workers._workers[0].weights is None
        assert workers.adopt(tmp_path) == pytest.approx(0.05)
        assert workers._workers[0].actor is actor
