"""One process of a launched update: `python -m gameable_plugins.optimizers._worker FOLDER`, by `accelerate launch`."""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gameable import OptimizerError, Silent, Step, Update
from gameable_plugins.optimizers._launch import ERROR, JOB, MARK, RESULT, PolicyOptimizer
from gameable_plugins.optimizers._training import processes


class Relay:
    """Progress that the launching process shows."""

    def say(self, text: str) -> None:
        """Pass a line on."""
        self._tell("say", text)

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        """Pass the figures of one piece of work on."""
        self._tell("track", what, total, unit)

        def step(done: int = 1, /, **figures: float | str) -> None:
            self._tell("step", done, figures)

        yield step

    def _tell(self, *event: object) -> None:
        print(MARK + json.dumps(event), flush=True)  # noqa: T201  standard output is the line to the launcher


def main(folder: Path) -> None:
    """Do this process's part of the update; the first one leaves the checkpoint and the result."""
    optimizer: PolicyOptimizer
    update: Update
    wanted: int
    optimizer, update, wanted = pickle.loads((folder / JOB).read_bytes())  # noqa: S301  written by the launching process
    first = os.environ.get("RANK", "0") == "0"
    with tempfile.TemporaryDirectory() as nowhere:
        own = (
            replace(update, progress=Relay())
            if first
            else replace(update, destination=Path(nowhere), progress=Silent())
        )
        try:
            _all_here(wanted)
            trained = optimizer.train(own)
        except OptimizerError as error:
            (folder / ERROR).write_text(str(error))
            raise
    if first:
        partial = folder / "partial.pickle"
        partial.write_bytes(pickle.dumps(trained))
        partial.rename(folder / RESULT)


def _all_here(wanted: int) -> None:
    """Refuse to train alone where several should: accelerate starts one process by MULTI_CPU unless MPI is there."""
    if processes() != wanted:
        raise OptimizerError(
            f"accelerate started {processes()} processes, but its configuration names {wanted}. For several on CPUs "
            "without MPI, write `distributed_type: MULTI_GPU` and `use_cpu: true`."
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
