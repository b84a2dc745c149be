"""Deals the episodes of a run out to actors of a Ray cluster, and takes back what they play.

What one process would play one batch after another is dealt out whole, so a backend that repeats itself in the same
batch gives the same episodes. Finished episodes come back at once, and the driver alone stores them. A batch whose
actor died is played again by another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from gameable.assembly import Parts, assemble, plugins_of
from gameable.contracts import Canary
from gameable.episode import Episode, Estimate
from gameable.errors import GameableError, WorkerError
from gameable.on_ray.cluster import Room, room
from gameable.on_ray.replica import Replica
from gameable.on_ray.worker import Job, Weights, Worker, adoption
from gameable.profile import Profile
from gameable.progress import Progress
from gameable.rollout import Play
from gameable.workers import Here, Keep

_DEATHS = 3
"""How often the same work may kill its worker before it ends the run."""
_PATIENCE = 60.0
"""Seconds without a word from any worker before a person is told what they may be waiting for."""
_SILENCE = (
    "No worker is ready yet. Each takes {room}, and time to load the model; `ray status` shows whether the cluster has "
    "room for one."
)
_DIED = (
    "{deaths} workers in a row died while {what}. What the last one left: {last} Ray's logs on its machine "
    "(/tmp/ray/session_latest/logs) say more; too little memory is a frequent cause. Everything that was finished is "
    "kept: `gameable resume {folder} --ray` goes on, on any cluster, and without --ray in one process."
)


class RayWorkers:
    """Actors of the connected cluster, one a GPU where there are any and one a CPU otherwise, no more than batches."""

    def __init__(
        self,
        profile: Profile,
        parts: Parts,
        folder: Path,
        progress: Progress,
        make: Callable[[], Parts] | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            profile: What is run.
            parts: The driver's own; its policy is asked how it wants to be treated, and loads nothing.
            folder: The run folder, which errors name.
            progress: Shows what goes wrong on the way.
            make: Makes an actor's own parts; assembles the profile if left out.
        """
        self._driver, self._folder, self._progress = Here(profile, parts), folder, progress
        self._make = make or partial(_assembled, profile)
        self._weights: Weights | None = None
        self._workers: list[Worker] = []

    @cached_property
    def _room(self) -> Room:
        """As it was at first: an heir waits for a GPU to come back rather than load the model elsewhere."""
        return room(self._driver.parts.policy.gpus)

    @property
    def gpus(self) -> int:
        """Those of the cluster."""
        import ray

        return int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]  # Ray has no types

    def adopt(self, checkpoint: Path, bird: Canary | None = None) -> float | None:
        """Have every worker adopt and ask the canary before its next work; wait for the first one to have done so."""
        known, checkpoint = self._weights, checkpoint.absolute()
        if known is None or known.checkpoint != checkpoint or bird is not None:
            self._weights = Weights(checkpoint, bird)
        gaps: list[float | None] = []
        self._do([Job("telling what the canary said", "gap", (), gaps.append)])
        return gaps[0]

    def play(self, model: str, plays: Sequence[Play], known: set[str], keep: Keep) -> None:
        """Deal batches out; hand on each episode once, also when it comes from a dead worker and its successor."""
        kept: set[str] = set()

        def take(episodes: Sequence[Episode]) -> None:
            new = [episode for episode in episodes if episode.id not in kept]
            kept.update(episode.id for episode in new)
            if new:
                keep(new)

        batches = self._driver.rollout(model).unfinished(plays, known)
        self._do(Job(f"playing {batch[0].id} and what follows", "play", (model, batch), take) for batch in batches)

    def probe(self, model: str, pairs: Sequence[tuple[Play, Play]]) -> list[Estimate]:
        """Have one worker probe."""
        found: list[Estimate] = []
        self._do([Job("probing", "probe", (model, pairs), found.extend)])
        return found

    def rest(self) -> None:
        """Let workers rest; one that is still on its way to its first work is dismissed."""
        import ray

        resting = [(worker, worker.actor.rest.remote()) for worker in self._workers if worker.job is None]
        for worker in [worker for worker in self._workers if worker.job is not None]:
            self._dismiss(worker)
        for worker, rested in resting:
            worker.weights = None
            try:
                ray.get(rested)
            except ray.exceptions.RayActorError:
                self._dismiss(worker)

    def close(self) -> None:
        """Dismiss all workers."""
        for worker in list(self._workers):
            self._dismiss(worker)

    # --- work ---------------------------------------------------------------------------------------------------------

    def _do(self, jobs: Iterable[Job]) -> None:
        """Return when all jobs are done; dismiss everybody when that fails, so that nobody works for nothing."""
        waiting = deque(jobs)
        self._hire(len(waiting))
        try:
            while waiting or any(worker.useful for worker in self._workers):
                for worker in self._workers:
                    if worker.job is None:
                        self._begin(worker, waiting)
                self._hear(self._next(), waiting)
        except BaseException:
            self.close()
            raise

    def _begin(self, worker: Worker, waiting: deque[Job]) -> None:
        assert self._weights is not None
        if worker.weights is not self._weights:
            worker.begin(adoption(self._weights))
        elif waiting:
            worker.begin(waiting.popleft())

    def _next(self) -> Worker:
        """Return the next worker that has something to say."""
        import ray

        busy = {id(worker.answers): worker for worker in self._workers if worker.job}
        answers = [worker.answers for worker in busy.values()]
        if all(worker.weights is None for worker in self._workers):
            early, _ = ray.wait(answers, timeout=_PATIENCE)
            if not early:
                self._progress.say(_SILENCE.format(room=self._room))
        (said,), _ = ray.wait(answers)
        return busy[id(said)]

    def _hear(self, worker: Worker, waiting: deque[Job]) -> None:
        """Take what a worker says."""
        import ray

        job = worker.job
        assert job is not None
        try:
            answer = ray.get(next(worker.answers))
        except StopIteration:
            worker.finish()
        except ray.exceptions.RayActorError as error:
            self._replace(worker, job, error, waiting)
        except ray.exceptions.RayTaskError as error:
            if job.weights is not None and job.weights is not self._weights:
                worker.finish()  # it was still loading what nobody wants any more, and what may be deleted by now
            elif isinstance(error.cause, GameableError):
                raise error.cause from error
            else:
                raise
        else:
            job.take(answer)

    def _replace(self, worker: Worker, job: Job, error: Exception, waiting: deque[Job]) -> None:
        """Have a new worker in the place of a dead one, and its work done again."""
        self._dismiss(worker)
        job.deaths += 1
        if job.deaths == _DEATHS:
            last = str(error).strip().splitlines()[-1]
            raise WorkerError(_DIED.format(deaths=_DEATHS, what=job.what, last=last, folder=self._folder)) from error
        self._progress.say(f"A worker died while {job.what}; another one does it again.")
        heir = self._hired()
        if job.weights is None:
            waiting.appendleft(job)
        elif job.weights is self._weights:
            heir.begin(job)

    # --- workers ------------------------------------------------------------------------------------------------------

    def _hire(self, wanted: int) -> None:
        """Have as many workers as there is work for, if the cluster is so large."""
        for _ in range(len(self._workers), min(wanted, self._room.workers)):
            self._hired()

    def _hired(self) -> Worker:
        import ray

        actor: Any = ray.remote(Replica)
        placed = actor.options(max_restarts=0, scheduling_strategy="SPREAD", **self._room.needs)
        worker = Worker(placed.remote(self._driver.profile, self._make))
        self._workers.append(worker)
        return worker

    def _dismiss(self, worker: Worker) -> None:
        import ray

        ray.kill(worker.actor)
        self._workers.remove(worker)


def _assembled(profile: Profile) -> Parts:
    return assemble(profile, plugins_of(profile))
