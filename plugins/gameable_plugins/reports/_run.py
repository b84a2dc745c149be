"""What the report of one run shows, by the names that its template uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from gameable import Measure, summaries
from gameable.evaluation import Cell, cells
from gameable.monitor_command import HEADINGS
from gameable.store import Store
from gameable.summaries import Run
from gameable_plugins.reports import (
    _costs,
    _figures,
    _mitigation,
    _monitors,
    _paper,
    _pooled,
    _preference,
    _rate_figures,
    _summary,
    _training,
    _transcript,
)


def content(store: Store) -> dict[str, Any]:
    """Collect it, as far as the run has got."""
    matrix, milestones = cells(store), store.milestones()
    blocks, stages = _blocks(matrix), _training.stages(milestones)
    models = list(store.manifest["models"])
    measured = [model for model in models if any(cell.n for cell in matrix if cell.model == model)]
    run = summaries.of(store)
    held_out = _summary.leads_up_to(store.manifest)
    rewards = _training.rewards(store)
    return {
        "name": _summary.name(store.manifest, store.folder),
        "status": _summary.status(store),
        "facts": _summary.facts(store),
        "headline": _headline(run, models, held_out),
        "warnings": [*_training.planted(stages), *_monitors.alarms(milestones)],
        "plots": _rate_figures.rates(matrix, models, _first_trained(run)),
        "loss_plot": _figures.losses({stage.label: stage.losses for stage in stages}),
        "reward_plot": _figures.rewards(*_training.curves(rewards, [stage.label for stage in stages])),
        "measures": list(dict.fromkeys(cell.measure for cell in sorted(matrix, key=_severity))),
        "matrix": blocks,
        "played": _summary.played(store.manifest),
        "floor": store.manifest["floor"],
        "models": measured,
        "mitigation": _mitigation.tried_on(store.folder),
        "mitigations": _mitigation.beside(store.folder),
        "estimates": _training.estimates(milestones),
        "stages": stages,
        "preparations": _training.preparations(milestones),
        "sources": _training.sources(rewards),
        "rewards": rewards,
        "judged": _preference.sections(store),
        "judged_headings": _preference.HEADINGS,
        "monitors": _monitors.section(store),
        "headings": HEADINGS,
        "overseen": _monitors.training(milestones),
        "examples": _transcript.examples(store, measured[-1]) if measured else [],
        "authors": _transcript.AUTHORS,
        "paper": _paper.beside(run, blocks),
        "costs": _costs.rows([milestones]),
        "gpu_hours": _costs.gpu_hours([milestones]),
    }


def _headline(run: Run, models: Sequence[str], column: str) -> list[str]:
    return _pooled.headline([run], models, column, _pooled.main_measure(run, column))


def _first_trained(run: Run) -> dict[str, str]:
    """Return column to the first measured model that was trained on its environment."""
    found = {column: run.first_trained(column) for column in run.columns}
    return {column: model for column, model in found.items() if model}


def _severity(cell: Cell) -> int:
    return get_args(Measure).index(cell.measure) if cell.measure != "paid" else len(get_args(Measure))


def _blocks(matrix: Sequence[Cell]) -> dict[str, dict[str, dict[str, Cell]]]:
    """Arrange cells as environment, model, measure."""
    blocks: dict[str, dict[str, dict[str, Cell]]] = {}
    for cell in matrix:
        blocks.setdefault(cell.environment, {}).setdefault(cell.model, {})[cell.measure] = cell
    return blocks
