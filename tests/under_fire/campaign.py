"""Kills so many times, until each run has ended all the same, and compares."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from under_fire.hits import Hit, hit
from under_fire.moments import draw, shoot
from under_fire.same_end import differences, doubled
from under_fire.target import Target, kept


@dataclass(slots=True)
class Result:
    """What came of it."""

    seconds: float
    """Of the undisturbed run, from the command to its end."""
    episodes: int
    """Of the undisturbed run."""
    hits: list[Hit] = field(default_factory=list)
    runs: list[float] = field(default_factory=list)
    """Seconds of each run that was killed, over all its processes."""
    lost: list[str] = field(default_factory=list)
    """Episodes that were on disk after one kill and not after a later one, or not at the end."""
    doubled: list[str] = field(default_factory=list)
    """Episodes that a run holds twice at its end."""
    different: list[str] = field(default_factory=list)
    """In what the end of a run differs from that of the undisturbed one."""

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or different."""
        return not (self.lost or self.doubled or self.different)

    def __str__(self) -> str:
        """One line for people."""
        again = sum(each.unsaved for each in self.hits)
        return (
            f"{len(self.hits)} kills in {len(self.runs)} runs: {len(self.lost)} episodes lost, {len(self.doubled)} "
            f"doubled, {len(self.different)} differences at the end, {again:.0f} s of work done again"
        )


def fire(folder: Path, profile: Path, kills: int, seed: int, tell: Callable[[str], None]) -> Result:
    """Kill runs of a profile; a run that ends before all kills are spent is followed by another.

    Raises:
        RuntimeError: a process that was not killed failed.
    """
    tell("First a run that nobody disturbs.")
    target, rng = Target.put_up(folder, profile), random.Random(seed)
    result = Result(max(target.milestones.values()), len(kept(target.run(0))))
    tell(f"It took {result.seconds:.1f} s: {result.episodes} episodes, {len(target.milestones)} milestones.")
    while len(result.hits) < kills:
        number, began = len(result.runs) + 1, time.monotonic()
        safe = set[str]()
        for each in _until_it_ends(target, number, rng, kills - len(result.hits)):
            result.hits.append(each)
            tell(f"{len(result.hits)}: {each}")
            left = kept(target.run(number))
            result.lost += sorted(safe - left)
            safe |= left
        result.runs.append(time.monotonic() - began)
        result.lost += sorted(safe - kept(target.run(number)))
        result.doubled += doubled(target.run(number))
        result.different += [f"run {number}: {each}" for each in differences(target.run(0), target.run(number))]
        tell(f"Run {number} has ended after {result.runs[-1]:.0f} s. {result}.")
    return result


def _until_it_ends(target: Target, number: int, rng: random.Random, kills: int) -> Iterator[Hit]:
    """Start a run, kill it and go on with it; after so many kills, let it end."""
    while True:
        moment = draw(rng, target, target.run(number))
        born, process = time.time(), target.start(number)
        if kills and shoot(process, moment):
            kills -= 1
            yield hit(target, number, moment.aim, born, time.time())
            continue
        process.wait()
        target.check(process, number)
        return
