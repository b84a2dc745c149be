"""What runs in an actor: one copy of the policy, with sandbox and environments of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from gameable.assembly import Parts, check_sandbox
from gameable.contracts import Canary
from gameable.episode import Episode, Estimate
from gameable.profile import Profile
from gameable.rollout import Play
from gameable.workers import Here


class Replica:
    """Does what the driver asks, one thing at a time. Most methods are generators: the driver hears values at once."""

    def __init__(self, profile: Profile, make: Callable[[], Parts]) -> None:
        """Do nothing yet: what goes wrong in the first `adopt` is told like any other error.

        Args:
            profile: What is run.
            make: Makes this actor's own parts.
        """
        self._profile, self._make = profile, make
        self._here: Here | None = None
        self._gap: float | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)  # a sandbox is used from one thread

    def adopt(self, checkpoint: Path, bird: Canary | None) -> Iterator[None]:
        """Take on weights and hold them against the canary."""
        if self._here is None:
            parts = self._make()
            check_sandbox(self._profile, parts.sandbox)
            self._here = Here(self._profile, parts)
        self._gap = self._here.adopt(checkpoint, bird)
        yield from ()

    def gap(self) -> Iterator[float | None]:
        """Yield what the canary said of the weights that were adopted last."""
        yield self._gap

    def play(self, model: str, batch: Sequence[Play]) -> Iterator[Sequence[Episode]]:
        """Play a batch and yield its episodes as they are finished."""
        finished: SimpleQueue[Sequence[Episode] | None] = SimpleQueue()
        played = self._thread.submit(self._ready().rollout(model).play_batch, batch, finished.put)
        played.add_done_callback(lambda _: finished.put(None))
        while (episodes := finished.get()) is not None:
            yield episodes
        played.result()

    def probe(self, model: str, pairs: Sequence[tuple[Play, Play]]) -> Iterator[list[Estimate]]:
        """Yield what the probe finds."""
        yield self._thread.submit(self._ready().probe, model, pairs).result()

    def rest(self) -> None:
        """Free memory for training."""
        self._ready().rest()

    def _ready(self) -> Here:
        assert self._here is not None
        return self._here
