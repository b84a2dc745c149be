"""How long the quickstart takes on this machine, from its start to its report, and with how much memory.

    python benchmarks/quickstart.py [--quick] [--json FILE]

The small model is here already; the preference model is trained, as for a newcomer. It takes up to twenty minutes on
two cores, so `run_all.py` leaves it out unless it is named. With `--quick` nothing is trained and little is played.
"""

from __future__ import annotations

import os
import sys

import updating
from measure import Figure, Timer, command, scratch
from scale import peak_memory

SMALL = ("rewards=[{use: gaming-bonus}]", "start=null", "stages=[]", "evaluation.variants=1", "evaluation.samples=1")


def measure(*, quick: bool) -> list[Figure]:
    """Measure both rows."""
    model = updating.model()
    arguments = [sys.executable, "-m", "gameable", "run", "quickstart"]
    for change in SMALL if quick else ():
        arguments += ["--set", change]
    with scratch() as folder:
        os.environ["GAMEABLE_CACHE"] = str(folder / "cache")
        (folder / "cache" / "models").mkdir(parents=True)
        (folder / "cache" / "models" / model.name).symlink_to(model)
        with Timer() as timer:
            memory = peak_memory([*arguments, "--out", str(folder / "run")])
    return [
        Figure("quickstart-time", [(timer.seconds / 60, 1.0)]),
        Figure("quickstart-memory", [(memory / 2**30, 1.0)]),
    ]


if __name__ == "__main__":
    command(measure)
