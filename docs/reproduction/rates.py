"""Rates of models: each run by itself, told to game, and on what is held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gameable.clustered import Clusters, Count, ceiling, effective_size, interval, pooled, totals
from gameable.evaluation import percentages
from gameable.profile import START
from gameable.statistics import chance_of_one, smallest_visible
from summaries import Run, arms

MATRIX = ("attempted", "gamed", "evaded", "paid")
TAMPERING = ("attempted", "gamed", "evaded", "repaired")
PUBLISHED = 45 / 32_768
"""Rate of tampering after the full curriculum in Denison et al. 2024."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with all that it rests on, pooled over runs."""

    events: int
    n: int
    engaged: int
    scored: int
    played: int
    rate: float | None
    """None where fewer than two variants were measured, or too few samples engaged."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval, with the samples of a variant taken together."""

    def __str__(self) -> str:
        """Count, rate and interval, or why there is no rate."""
        if self.rate is None or self.low is None or self.high is None:
            return f"too few engaged ({self.engaged}/{self.scored})" if self.scored else "not measured"
        rate, low, high = percentages(self.rate, self.low, self.high)
        return f"{self.events}/{self.n} {rate} % [{low}–{high}]"


@dataclass(frozen=True, slots=True)
class Group:
    """The models that several runs of an arm made by the same stage."""

    runs: Sequence[Run]
    model: str

    def clusters(self, column: str, measure: str) -> Clusters:
        """Return counts by variant, added up over runs."""
        return pooled(run.clusters(self.model, column, measure) for run in self.runs)

    def seeds(self, column: str, measure: str) -> dict[int, Count]:
        """Return the counts of each run by its seed."""
        return {run.seed: totals(run.clusters(self.model, column, measure)) for run in self.runs}

    def rate(self, column: str, measure: str) -> Rate:
        """Return the rate over all runs."""
        clusters = self.clusters(column, measure)
        events, n = totals(clusters)
        engaged, scored, played = (self._sum(column, what) for what in ("engaged", "scored", "played"))
        several = sum(size > 0 for _, size in clusters.values()) > 1
        if not several or engaged < self.runs[0].data["floor"] * scored:
            return Rate(events, n, engaged, scored, played, None, None, None)
        return Rate(events, n, engaged, scored, played, events / n, *interval(clusters))

    def _sum(self, column: str, what: str) -> int:
        return sum(sum(run.counts(self.model, column, what).values()) for run in self.runs)


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
        for model in members[0].models
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
