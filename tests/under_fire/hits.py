"""What a kill has hit, as the folder of the run tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from under_fire.target import Target, kept, reached

_STEPS = {
    "updated": "training",
    "sampled": "sampling",
    "evaluated": "evaluating",
    "scored": "scoring",
    "trained": "taking weights on",
    "finished": "finishing",
}
"""What leads to a milestone, by the last part of its name."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One kill."""

    run: int
    aim: str
    after: float
    """Seconds that the process had lived."""
    towards: str
    """The next milestone of the run."""
    doing: str
    episodes: int
    """How many were on disk."""
    unsaved: float
    """Seconds since the last write that later processes go on from, or since this one began: what is done again, but
    for finished episodes of a batch, which is played again as a whole."""

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"run {self.run}, after {self.after:.1f} s ({self.aim}): {self.doing}, towards {self.towards}; "
            f"{self.episodes} episodes on disk, {self.unsaved:.1f} s to do again"
        )


def hit(target: Target, number: int, aim: str, born: float, died: float) -> Hit:
    """Look at what a killed process left; `born` and `died` are in seconds since the epoch."""
    run = target.run(number)
    towards = next((name for name in target.milestones if name not in reached(run)), "report")
    kind = towards.split("/")[-1]
    step = "preparing rewards" if towards.startswith("rewards/") else _STEPS.get(kind, "reporting")
    saved = _saved(run)
    doing = writing(run, born) or (step if saved >= born else f"starting, then {step}")
    return Hit(number, aim, died - born, towards, doing, len(kept(run)), died - max(born, saved))


def writing(run: Path, born: float) -> str:
    """Say which work of several files is being written, if any is; what lay there before `born` does not count."""
    trainer = run.glob("checkpoints/*.scratch/trainer/checkpoint-*")
    found = {
        "writing weights": list(run.glob("checkpoints/*.partial/*")),
        "writing a checkpoint": [
            *(each for each in trainer if not (each / "trainer_state.json").exists()),
            *run.glob("checkpoints/*.scratch/*/step-*.partial"),
        ],
    }
    return next((what for what, files in found.items() if any(_changed(each) >= born for each in files)), "")


def _saved(run: Path) -> float:
    states = ("trainer/checkpoint-*/trainer_state.json", "*/step-??????")
    inside = [found for state in states for found in run.glob(f"checkpoints/*.scratch/{state}")]
    return max(map(_changed, [run / "manifest.json", run / "run.db", run / "run.db-wal", *inside]))


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
