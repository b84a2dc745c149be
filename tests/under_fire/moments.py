"""When a process is killed: moments drawn by a seed, and the waiting for them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from under_fire.hits import writing
from under_fire.target import LOOK, Target, reached

AIMS = {"clock": 5, "milestone": 4, "writing": 2}
"""How a moment is drawn, and how often: by a clock, over all that is left of the run; on the way from one milestone to
the next, each as likely as the others; while weights or a checkpoint inside an update are written, over in no time."""

_AHEAD = 4
"""How many milestones ahead a moment may lie: a run is to die many times before it ends."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that is waited for, and the time that is waited after it."""

    aim: str
    seen: Callable[[], bool]
    delay: float
    """Seconds."""


def draw(rng: random.Random, target: Target, run: Path) -> Moment:
    """Draw when the next process of a run, which is started now, is to be killed."""
    (aim,) = rng.choices(list(AIMS), list(AIMS.values()))
    here, names, times = len(reached(run)), list(target.milestones), list(target.milestones.values())
    if aim == "clock":
        left = times[-1] - times[here - 1] if here else times[-1]
        return Moment(aim, lambda: True, rng.uniform(0, min(times[0] + left, times[-1])))
    if aim == "writing" and any(name.endswith("/updated") for name in names[here:]):
        born = time.time()
        return Moment(aim, lambda: bool(writing(run, born)), rng.uniform(0, 0.02))
    return _on_the_way(rng, run, here, names, times)


def _on_the_way(rng: random.Random, run: Path, here: int, names: list[str], times: list[float]) -> Moment:
    if here == len(names):  # all is done but the report
        return Moment("milestone", lambda: True, rng.uniform(0, times[0]))
    next_one = rng.randrange(here, min(here + _AHEAD, len(names)))
    way = [later - earlier for earlier, later in pairwise([0.0, *times])][next_one]
    if next_one == here:  # the process has to start first, which took the undisturbed run all of its first way
        return Moment("milestone", lambda: True, rng.uniform(0, times[0] + way))
    return Moment("milestone", lambda: names[next_one - 1] in reached(run), rng.uniform(0, way))


def shoot(process: subprocess.Popen[bytes], moment: Moment) -> bool:
    """Kill a process and all that it has started at a moment; return whether it still lived."""
    while process.poll() is None and not moment.seen():
        time.sleep(LOOK)
    try:
        process.wait(moment.delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode == -signal.SIGKILL
