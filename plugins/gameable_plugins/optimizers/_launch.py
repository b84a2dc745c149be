"""Training in several processes: an update is handed to `accelerate launch`, and what came of it is read back.

How many processes, on which devices and with which sharding stands in accelerate's own configuration file. All of them
must see the run folder.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from gameable import Optimizer, OptimizerError, Progress, Silent, Trained, Update
from gameable_plugins.optimizers._training import TrainingOptions

MARK = "\x1e"
"""Begins each line of the worker's output that is meant for us (RFC 7464's record separator)."""
JOB, RESULT, ERROR = "job.pickle", "result.pickle", "error.txt"
_TAIL = 2000
_PATIENCE = 10.0
"""Seconds that processes have to end after they were asked to."""


@dataclass
class PolicyOptimizer(TrainingOptions, Optimizer):
    """An optimizer that trains in this process, or in those that accelerate launches when `accelerate` says how."""

    def update(self, update: Update) -> Trained:
        """Train here or there."""
        return _launch(self, Path(self.accelerate), update) if self.accelerate else self.train(update)

    @abstractmethod
    def train(self, update: Update) -> Trained:
        """Do what `update` promises in this process, or do one process's part of it."""


def _launch(optimizer: PolicyOptimizer, config: Path, update: Update) -> Trained:
    """Make the update in processes of `accelerate launch`.

    Raises:
        OptimizerError: there is no such configuration, other processes came up than it names, or one failed.
    """
    if not config.is_file():
        raise OptimizerError(
            f"accelerate is '{config}', but there is no such file. Type `accelerate config --config_file {config}`."
        )
    folder = update.scratch / "launch"
    folder.mkdir(exist_ok=True)
    for name in (RESULT, ERROR):
        (folder / name).unlink(missing_ok=True)
    job = replace(optimizer, accelerate=""), replace(update, progress=Silent()), _processes(config)
    (folder / JOB).write_bytes(pickle.dumps(job))
    worker = ("-m", "gameable_plugins.optimizers._worker", str(folder))
    command = (sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config), *worker)
    _run(command, folder / "stderr.txt", update.progress)
    return _result(folder)


def _processes(config: Path) -> int:
    """Return how many processes the configuration names, on all machines together."""
    named = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    return int(named.get("num_processes", 1))


def _run(command: Iterable[str], errors: Path, progress: Progress) -> None:
    """Run to the end, showing progress; when this process is interrupted, end every process that was launched."""
    with (
        errors.open("w") as stderr,
        subprocess.Popen(  # noqa: S603  our own worker
            list(command), stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            _replay(process.stdout, progress)
            process.wait()
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _replay(lines: Iterable[str], progress: Progress) -> None:
    """Show what the first worker reports."""
    with ExitStack() as tracked:
        step: Callable[..., None] = Silent().say
        for line in lines:
            if not line.startswith(MARK):
                continue
            kind, *rest = json.loads(line.removeprefix(MARK))
            if kind == "track":
                tracked.close()
                step = tracked.enter_context(progress.track(*rest))
            elif kind == "step":
                done, figures = rest
                step(done, **figures)
            else:
                progress.say(*rest)


def _result(folder: Path) -> Trained:
    if (folder / ERROR).exists():
        raise OptimizerError((folder / ERROR).read_text())
    if not (folder / RESULT).exists():
        tail = (folder / "stderr.txt").read_text()[-_TAIL:]
        raise OptimizerError(f"The launched training failed; the whole of it is in {folder / 'stderr.txt'}:\n{tail}")
    trained: Trained = pickle.loads((folder / RESULT).read_bytes())  # noqa: S301  written by our own worker
    return trained
