"""The driver's side of an actor: what it is doing, and with which weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable.contracts import Canary


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What a worker must have adopted before it works."""

    checkpoint: Path
    bird: Canary | None


@dataclass(slots=True, eq=False)
class Job:
    """Something that one worker does, and another one again if that one dies."""

    what: str
    """Completes "died while …"."""
    method: str
    """Of `Replica`."""
    arguments: tuple[Any, ...]
    take: Callable[[Any], None] = lambda _: None
    """Takes each value that the method yields."""
    weights: Weights | None = None
    """What is adopted by it, if it is that."""
    deaths: int = 0


def adoption(weights: Weights) -> Job:
    """Return the job of taking weights on."""
    return Job("loading the model", "adopt", (weights.checkpoint, weights.bird), weights=weights)


@dataclass(slots=True, eq=False)
class Worker:
    """An actor."""

    actor: Any
    weights: Weights | None = None
    job: Job | None = None
    answers: Any = None
    """Ray's generator of references to what the job yields."""

    @property
    def useful(self) -> bool:
        """Whether it does something that is waited for."""
        return self.job is not None and self.job.weights is None

    def begin(self, job: Job) -> None:
        """Start a job."""
        self.job = job
        self.answers = getattr(self.actor, job.method).options(num_returns="streaming").remote(*job.arguments)

    def finish(self) -> None:
        """Be free for the next one."""
        self.weights = (self.job and self.job.weights) or self.weights
        self.job = self.answers = None
