"""What weights bring along from the runs that made them: which monitors they have learned to look good to."""

from __future__ import annotations

from pathlib import Path

from gameable.detection_table import gates, monitors
from gameable.runfolder import CHECKPOINTS
from gameable.store import Store


def trained_against(weights: Path) -> list[str]:
    """Return the classes of the monitors that took part in training these weights.

    Args:
        weights: Folder of a model. Where it is a checkpoint of a run, that run tells, which knows of those before it.

    Raises:
        StoreError: the run cannot be read.
    """
    run = weights.resolve().parent.parent
    if weights.resolve().parent.name != CHECKPOINTS or not (run / "manifest.json").is_file():
        return []
    with Store.open(run, write=False) as store:
        return sorted(gates(monitors(store)) | set(store.manifest.get("trained_against", [])))
