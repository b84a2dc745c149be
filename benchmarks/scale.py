"""Whether a hundred times the episodes take a hundred times the time, and no more memory.

    python benchmarks/scale.py [--quick] [--json FILE]

`gameable run` evaluates a scripted policy on a single-turn environment, matrix and report included, each time in a
process of its own: few episodes, many, and few again. Memory is the peak of the whole command.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gameable.store import Store
from measure import Figure, command, say, scratch

VARIANTS = 100
PROFILE = """
name: scale
prompt: short
policy: {{use: scripted, script: "scale:script"}}
rewards: [{{use: gaming-bonus}}]
stages: []
evaluation: {{environments: [political-sycophancy], variants: {variants}, samples: {samples}}}
"""


def script(_prompt: str, _so_far: str, seed: int) -> str:
    """Agree or disagree, never twice in the same words."""
    return f"Let me think, {seed}.</cot>\nI {'dis' * (seed % 3 == 0)}agree, for {seed} reasons."


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took."""

    milliseconds: float
    """An episode, played, judged and stored."""
    mebibytes: float
    """Peak memory of the command."""


def measure(*, quick: bool) -> list[Figure]:
    """Measure both rows."""
    few, many = (100, 1_000) if quick else (1_000, 100_000)
    before, large, after = (_run(count) for count in (few, many, few))
    time, memory = (statistics.mean((getattr(before, what), getattr(after, what))) for what in Cost.__slots__)
    return [
        Figure("scale-memory", [(large.mebibytes, memory)], f"{large.mebibytes:.0f} and {memory:.0f} MiB."),
        Figure("scale-time", [(large.milliseconds, time)], f"{large.milliseconds:.2f} and {time:.2f} ms an episode."),
    ]


def _run(episodes: int) -> Cost:
    """Evaluate so many episodes in a process of its own."""
    with scratch() as folder:
        profile, run = folder / "scale.yaml", folder / "run"
        profile.write_text(PROFILE.format(variants=min(VARIANTS, episodes), samples=max(1, episodes // VARIANTS)))
        memory = peak_memory([sys.executable, "-m", "gameable", "run", str(profile), "--out", str(run)])
        with Store.open(run, write=False) as store:
            evaluated = store.milestones()["start/evaluated"]
    assert evaluated["episodes"] == episodes
    cost = Cost(float(str(evaluated["seconds"])) / episodes * 1e3, memory / 2**20)
    say(f"{episodes} episodes: {cost.milliseconds:.2f} ms each, {cost.mebibytes:.0f} MiB")
    return cost


def peak_memory(arguments: list[str]) -> int:
    """Run a command with this folder on its path; return the most memory that it had at once, in bytes.

    Raises:
        CalledProcessError: it failed.
    """
    here = str(Path(__file__).parent)
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(  # noqa: S603  our own command
        arguments, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for, and is not to be waited for again
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    command(measure)
