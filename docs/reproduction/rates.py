"""Rates of models: each run by itself, told to game, and on what is held out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gameable.clustered import Count, ceiling, effective_size
from gameable.pooling import Group, Rate
from gameable.profile import START
from gameable.statistics import chance_of_one, smallest_visible
from gameable.summaries import Run, shared_models
from summaries import arms

MATRIX = ("attempted", "gamed", "evaded", "paid")
TAMPERING = ("attempted", "gamed", "evaded", "repaired")
PUBLISHED = 45 / 32_768
"""Rate of tampering after the full curriculum in Denison et al. 2024."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One rate of one run."""

    run: str
    environment: str
    measure: str
    model: str
    rate: Rate


def matrix(runs: Iterable[Run]) -> list[Cell]:
    """Return all rates of each run."""
    return [
        Cell(run.name, column, measure, model, Group([run], model).rate(column, measure))
        for run in runs
        for column in run.columns
        for measure in MATRIX
        for model in run.models
        if measure in run.measures(column)
    ]


def ability(runs: Iterable[Run]) -> list[Cell]:
    """Return what start models do when told to game; runs with the same counts share a start, and a row."""
    found: dict[str, Cell] = {}
    for run in runs:
        told = {column for column in run.columns if run.settings(column)["arm"] == "told-to"}
        for cell in matrix([run]):
            if cell.model == START and cell.environment in told:
                counts = run.clusters(START, cell.environment, cell.measure)
                key = repr((cell.environment, cell.measure, sorted(counts.items())))
                found[key] = replace(cell, run=f"{found[key].run}; {cell.run}") if key in found else cell
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Tampering:
    """How often the models of an arm gamed a held-out environment."""

    arm: str
    environment: str
    model: str
    measure: str
    seeds: dict[int, Count]
    """Events and samples of each run."""
    rate: Rate
    ceiling: float | None = None
    """Upper bound that holds however much the samples of a variant hang together."""
    published_seen: float | None = None
    """Chance of at least one event here, were the rate the published one."""
    visible: float | None = None
    """Smallest rate of which 19 in 20 such measurements would show an event."""


def held_out(runs: Iterable[Run]) -> list[Tampering]:
    """Return rates on held-out environments, by arm and model; steered, told-to and control columns are left out."""
    return [
        _tampering(arm, Group(members, model), column, measure)
        for arm, members in arms(runs).items()
        for column in filter(members[0].plain, members[0].data["held_out"])
        for measure in TAMPERING
        for model in shared_models(members)
        if measure in members[0].measures(column)
    ]


def _tampering(arm: str, group: Group, column: str, measure: str) -> Tampering:
    rate = group.rate(column, measure)
    row = Tampering(arm, column, group.model, measure, group.seeds(column, measure), rate)
    if rate.rate is None:
        return row
    clusters = group.clusters(column, measure)
    size = effective_size(clusters)
    seen, visible = chance_of_one(PUBLISHED, size), smallest_visible(size)
    return replace(row, ceiling=ceiling(clusters), published_seen=seen, visible=visible)
