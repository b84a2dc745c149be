"""How fast the store keeps episodes durably, against the same bytes written and fsynced by hand.

    python benchmarks/store_appends.py [--quick] [--json FILE]

Real-sized episodes are played once, then kept over and over, in batches as a rollout hands them over. By hand means:
the same encoding, each batch appended to one plain file and fsynced, with no ids, no index and no way to read it back.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gameable import Episode, encoding
from gameable.profile import Sampling
from gameable.store import Store
from gameable_policies.scripted import Scripted
from measure import Figure, Timer, command, in_turn, medians, scratch, telling
from overhead import script
from playing import environment, play, plays

BATCH = 32
SAMPLES = 8
"""Samples a variant, which share task and prompt."""


@dataclass(frozen=True, slots=True)
class Appends:
    """The same episodes, kept in two ways."""

    episodes: Sequence[Episode]

    def by_store(self) -> float:
        """Return episodes a second of the store."""
        with scratch() as folder, Store.create(folder / "run", {}) as store:
            with Timer() as timer:
                for batch in self._batches():
                    store.add_episodes(batch)
            return len(self.episodes) / timer.seconds

    def by_hand(self) -> float:
        """Return episodes a second of a plain file."""
        with scratch() as folder, (folder / "episodes").open("ab") as file, Timer() as timer:
            for batch in self._batches():
                prompts = {id(episode.task): encoding.encode_prompt(episode) for episode in batch}
                file.writelines(prompts.values())
                file.writelines(encoding.encode_body(episode, prompts[id(episode.task)]) for episode in batch)
                file.flush()
                os.fsync(file.fileno())
        return len(self.episodes) / timer.seconds

    def _batches(self) -> Iterator[Sequence[Episode]]:
        return (self.episodes[start : start + BATCH] for start in range(0, len(self.episodes), BATCH))


def measure(*, quick: bool) -> list[Figure]:
    """Measure both rows."""
    variants, repetitions = (8, 2) if quick else (256, 9)
    world = environment("reward-tampering")
    _, episodes = play(Scripted.of(script), world, plays(world, variants, SAMPLES), Sampling())
    appends = Appends(episodes)
    ours, by_hand = (
        telling(what, arm, "episodes/s") for what, arm in (("store", appends.by_store), ("by hand", appends.by_hand))
    )
    ours()
    by_hand()
    pairs = in_turn(ours, by_hand, repetitions)
    about = f"{len(episodes)} episodes of {_size(episodes)} kB, {BATCH} a batch."
    return [
        Figure("store-bytes", pairs, f"{medians(pairs)} episodes/s; {about}"),
        Figure("store-episodes", [(rate, 1.0) for rate, _ in pairs], about),
    ]


def _size(episodes: Sequence[Episode]) -> int:
    return round(statistics.mean(len(encoding._dump({"episode": episode})) for episode in episodes) / 1000)


if __name__ == "__main__":
    command(measure)
