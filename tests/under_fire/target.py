"""What is shot at: a small run that has everything a run can be killed at, and the commands that begin it and go on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tiny_model

from gameable.errors import StoreError
from gameable.store import Store

HERE = Path(__file__).parent
LONG, SHORT = HERE / "long.yaml", HERE / "short.yaml"

LOOK = 0.005
"""Seconds between two looks at the folder of a run."""


@dataclass(frozen=True, slots=True)
class Target:
    """Runs of one profile, each with a cache of its own; number 0 is the one that nobody disturbs."""

    folder: Path
    profile: Path
    milestones: Mapping[str, float] = field(default_factory=dict)
    """When the undisturbed run reached each, in seconds since its command was typed."""

    @classmethod
    def put_up(cls, folder: Path, profile: Path) -> Target:
        """Make the model, and see how the run goes that nobody disturbs.

        Raises:
            RuntimeError: it failed.
        """
        tiny_model.save(folder / "model")
        return cls(folder, profile, cls(folder, profile)._undisturbed())

    def run(self, number: int) -> Path:
        """Return the folder of a run."""
        return self.folder / f"run-{number}"

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Type the command that begins a run, or goes on with it."""
        run, log = self.run(number), self.folder / f"log-{number}.txt"
        chosen = ["--set", f"policy.model={self.folder / 'model'}", "--plugin", str(HERE / "often.py")]
        begin = ["run", str(self.profile), *chosen, "--out", str(run)]
        words = ["resume", str(run)] if (run / "manifest.json").exists() else begin
        cache = str(self.folder / f"cache-{number}")
        told = {"PYTHONPATH": os.pathsep.join(sys.path), "GAMEABLE_CACHE": cache, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "gameable", *words]
        with log.open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, env={**os.environ, **told})

    def check(self, process: subprocess.Popen[bytes], number: int) -> None:
        """See that a process that was not killed has ended well.

        Raises:
            RuntimeError: with what it printed last.
        """
        if process.returncode:
            log = (self.folder / f"log-{number}.txt").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"run {number} ended with status {process.returncode}:\n{log[-4000:]}")

    def _undisturbed(self) -> dict[str, float]:
        began, seen = time.monotonic(), dict[str, float]()
        process = self.start(0)
        while process.poll() is None:
            seen |= dict.fromkeys(reached(self.run(0)) - seen.keys(), time.monotonic() - began)
            time.sleep(LOOK)
        self.check(process, 0)
        with Store.open(self.run(0), write=False) as store:
            return {name: seen.get(name, time.monotonic() - began) for name in store.milestones()}


def reached(run: Path) -> set[str]:
    """Return the milestones of a run, as far as it has got."""
    try:
        with Store.open(run, write=False) as store:
            return set(store.milestones())
    except StoreError:
        return set()


def kept(run: Path) -> set[str]:
    """Return the ids of the episodes that a run has on disk."""
    try:
        with Store.open(run, write=False) as store:
            return store.episode_ids("")
    except StoreError:
        return set()
