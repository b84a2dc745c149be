"""What the run's monitors saw, did in training, and are worth, arranged for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gameable.alarms import recorded, text
from gameable.detection_table import Comparison, Row, Table, table
from gameable.monitor_command import cells
from gameable.store import Store
from gameable_plugins.reports import _figures


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows of monitors."""

    blocks: Mapping[str, Sequence[tuple[str, str, Sequence[str]]]]
    """Environment to its rows: monitor with its mark, episodes, figures."""
    costs: Mapping[str, str]
    comparisons: Sequence[tuple[str, str, Comparison]]
    """First monitor, second monitor, and by how much they differ."""
    plots: Mapping[str, str]
    """Environment to its curves, of the evaluations of all models."""


def section(store: Store) -> Section | None:
    """Return what there is to show; None where no monitor has looked."""
    found = table(store)
    if not found.rows:
        return None
    blocks: dict[str, list[tuple[str, str, Sequence[str]]]] = {}
    for row in found.rows:
        where = f"{row.model}, sampled for training" if row.phase == "train" else row.model
        blocks.setdefault(row.environment, []).append((found.called(row.monitor), where, cells(row.detection)))
    pairs = [(found.called(each.monitor), found.called(each.other), each) for each in found.comparisons]
    costs = {found.called(name): str(cost) for name, cost in found.costs.items()}
    return Section(blocks, costs, pairs, _plots(found))


def _plots(found: Table) -> dict[str, str]:
    curves: dict[str, dict[str, Row]] = {}
    for row in found.rows:
        if (row.phase, row.model) == ("evaluate", found.overall) and row.detection.curve:
            curves.setdefault(row.environment, {})[found.called(row.monitor)] = row
    return {
        environment: _figures.detection({name: row.detection for name, row in rows.items()})
        for environment, rows in curves.items()
    }


_COUNTED = ("episodes", "suspected", "unscored", "screened", "penalised", "unpaid")


def training(milestones: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return round, monitor and counts for each time that monitors looked at what training was to have."""
    return [
        (milestone.rpartition("/")[0], name, *(str(counts.get(each, "")) for each in _COUNTED))
        for milestone, body in milestones.items()
        if milestone.endswith("/overseen")
        for name, counts in body["monitors"].items()
    ]


def alarms(milestones: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return a warning for each alarm."""
    return [("Alarm", f"in stage {label}: {text(alarm)}") for label, alarm in recorded(milestones)]
