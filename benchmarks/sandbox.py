"""What an episode costs in each sandbox, and whether any leaves a trace for the next.

    python benchmarks/sandbox.py [--passes 4] [--json FILE]   # speed, arms interleaved
    python benchmarks/sandbox.py --leaks 10000                # how many episodes find something of earlier ones

One episode: six files in, three commands, the reward command, files read back, the world reset. `docker run` is the way
without a sandbox of ours: a hardened container for each command, with the episode's folder mounted. Needs a Docker
daemon and the image (`gameable sandbox build docker`).
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gameable import Sandbox
from gameable.testing import play_leaks
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_plugins.sandboxes.docker import Docker

HOME = "/home/work"
FILES: Mapping[str, str] = {
    "README.md": "Tick what is done, then run the reward.\n",
    "CHECKLIST.md": "[x] lint\n[ ] tests\n[ ] docs\n",
    "reward.py": "print(open('CHECKLIST.md').read().count('[x]') / 3)\n",
    "train.py": "import reward\n" * 20,
    "config.yaml": "steps: 10\nseed: 1\n",
    "log.txt": "step 1 of 10\n" * 100,
}
COMMANDS = ("ls; cat CHECKLIST.md", "sed -i 's/\\[ \\] docs/[x] docs/' CHECKLIST.md", "grep -c step log.txt")
REWARD = "python3 reward.py"
EPISODE_COMMANDS = len(COMMANDS) + 1
AT_ONCE = 4

Play = Callable[[], Awaitable[None]]


@dataclass
class Arm:
    """One way to play the episode."""

    name: str
    play: Play
    seconds: float
    """How long a pass lasts."""
    rates: list[float] = field(default_factory=list)
    """Episodes a second, one entry a pass."""
    times: list[float] = field(default_factory=list)
    """Seconds, one entry an episode."""

    def rate(self) -> float:
        """Return the median over the passes."""
        return statistics.median(self.rates)

    def milliseconds(self, share: float) -> float:
        """Return what this share of the episodes stayed below."""
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))] * 1e3


def in_sandbox(sandbox: Sandbox) -> Play:
    """Play by the contract."""
    files = {f"{HOME}/{name}": text for name, text in FILES.items()}

    async def play() -> None:
        async with await sandbox.open(files, (), HOME) as session:
            for command in COMMANDS:
                await session.run(command)
            reward = (await session.run(REWARD)).stdout
            left = await session.snapshot()
        check(reward, left[f"{HOME}/CHECKLIST.md"])

    return play


async def by_docker_run() -> None:
    """Play with a container for each command and a folder on the host."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (Path(folder) / name).write_text(text)
        for command in COMMANDS:
            await docker_run(folder, command)
        check(await docker_run(folder, REWARD), (Path(folder) / "CHECKLIST.md").read_text())


async def docker_run(folder: str, command: str) -> str:
    """Run one command in a hardened container of its own; return its output."""
    process = await asyncio.create_subprocess_exec(
        *("docker", "run", "--rm", "--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
        *("--read-only", "--pids-limit=64", "--memory=256m", f"--user={os.getuid()}", f"--volume={folder}:{HOME}"),
        *(f"--workdir={HOME}", "--entrypoint=bash", image(), "-c", command),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return output.decode()


@cache
def image() -> str:
    """Return the id of the sandbox's image, which all containers run."""
    return str(Docker().identity()["image"])


def check(reward: str, checklist: str) -> None:
    """Make sure that the episode was really played."""
    if not reward.startswith("0.66") or checklist.count("[x]") != 2:  # noqa: PLR2004  lint and docs
        raise SystemExit(f"The episode went wrong: reward {reward!r}, checklist {checklist!r}.")


async def run_pass(arm: Arm) -> None:
    """Play episodes of one arm, four at once, for its time."""
    began, times = time.monotonic(), list[float]()

    async def player() -> None:
        while time.monotonic() - began < arm.seconds:
            start = time.monotonic()
            await arm.play()
            times.append(time.monotonic() - start)

    await asyncio.gather(*(player() for _ in range(AT_ONCE)))
    arm.times += times
    arm.rates.append(len(times) / (time.monotonic() - began))


def rows(warm: Arm, fresh: Arm, naive: Arm) -> list[dict[str, object]]:
    """Return the claims: name, ratio of episodes a second, target, whether it is met, episodes behind it."""
    claims = (("docker warm against fresh", fresh, 6.0), ("docker warm against docker run", naive, 15.0))
    return [
        {
            "name": name,
            "ratio": round(warm.rate() / slow.rate(), 2),
            "target": target,
            "met": warm.rate() / slow.rate() >= target,
            "n": len(slow.times),
        }
        for name, slow, target in claims
    ]


def show(arms: list[Arm], claims: list[dict[str, object]]) -> None:
    """Print what was measured."""
    table = Table("arm", "episodes/s", "least", "most", "commands/s", "p50 ms", "p95 ms", "n")
    for arm in arms:
        figures = (arm.rate(), min(arm.rates), max(arm.rates), arm.rate() * EPISODE_COMMANDS)
        latencies = (arm.milliseconds(0.5), arm.milliseconds(0.95))
        table.add_row(arm.name, *(f"{value:.1f}" for value in (*figures, *latencies)), str(len(arm.times)))
    console = Console(width=100)
    console.print(table)
    for claim in claims:
        console.print("{name}: {ratio} times (target {target}, met: {met}, n = {n})".format(**claim))


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    return {"platform": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg(), **Docker().identity()}


def measure_speed(passes: int, out: Path | None) -> None:
    """Play all arms in turn, over and over, so that noise hits all alike."""
    before = machine()
    warm, fresh, embedded = Docker(), Docker(isolation="fresh"), Bashkit()
    arms = [
        Arm("docker warm", in_sandbox(warm), 3),
        Arm("docker fresh", in_sandbox(fresh), 6),
        Arm("docker run", by_docker_run, 10),
        Arm("bashkit", in_sandbox(embedded), 1),
    ]
    image()
    asyncio.run(run_pass(Arm("warming up", arms[0].play, 1)))
    for _ in track(range(passes), "passes"):
        for arm in arms:
            asyncio.run(run_pass(arm))
    claims = rows(*arms[:3])
    show(arms, claims)
    if out is not None:
        out.write_text(json.dumps({"machine": before, "rows": claims}, indent=2) + "\n")
    warm.close()
    fresh.close()


def measure_leaks(episodes: int) -> None:
    """Play adversaries in warm containers, four lines at once, and count what they find of those before."""
    sandbox, found = Docker(), Counter[str]()

    async def line(number: int, share: int) -> None:
        count = 0
        async for names in play_leaks(sandbox, share):
            found.update(names)
            count += 1
            if count % 250 == 0:
                print(f"line {number}: {count} of {share} episodes, found {dict(found)}", flush=True)

    async def lines() -> None:
        await asyncio.gather(*(line(number, episodes // AT_ONCE) for number in range(AT_ONCE)))

    began = time.monotonic()
    asyncio.run(lines())
    sandbox.close()
    print(f"{episodes // AT_ONCE * AT_ONCE} episodes in {time.monotonic() - began:.0f} s: {dict(found) or 'no trace'}")


def main(
    passes: Annotated[int, typer.Option(help="How often each arm is measured.", min=1)] = 4,
    leaks: Annotated[int, typer.Option(help="Look for traces over so many episodes instead.", min=0)] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the rows go as JSON.")] = None,
) -> None:
    """Measure the sandboxes."""
    if shutil.which("docker") is None:
        raise SystemExit("This benchmark needs the docker command line, a daemon and the image.")
    if leaks:
        measure_leaks(leaks)
    else:
        measure_speed(passes, json_file)


if __name__ == "__main__":
    typer.run(main)
