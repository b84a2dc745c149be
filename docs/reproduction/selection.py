"""What the stages of the runs trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gameable.summaries import Run


@dataclass(frozen=True, slots=True)
class Selected:
    """What one stage of one run trained on."""

    run: str
    stage: str
    sampled: int | None
    """Episodes that were sampled for it; None where they were scripted."""
    kept: int
    unscored: int
    """Samples that the optimizer could not use, as nothing was measured in them."""
    planted: int


def selections(runs: Iterable[Run]) -> list[Selected]:
    """Return what every stage trained on; one that kept nothing left its model as it was."""
    return [_selected(run.name, stage, what) for run in runs for stage, what in run.data["training"].items()]


def _selected(run: str, stage: str, what: Mapping[str, int | None]) -> Selected:
    return Selected(run, stage, what["sampled"], what["kept"] or 0, what["unscored"] or 0, what["planted"] or 0)
