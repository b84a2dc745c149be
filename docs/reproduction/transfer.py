"""Transfer: gaming of environments that training has not reached yet, after each stage, against start and control."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from gameable.clustered import FEWEST, Clusters, Count, difference_interval, difference_p, measured, pooled, totals
from gameable.pooling import Group, Rate
from gameable.profile import START
from gameable.statistics import exchange_p, holm
from gameable.summaries import Run, unseen_models
from gameable.trend import trend
from summaries import arms

TESTED = ("attempted", "gamed")
"""Measures whose changes are tested; every further one would cost the others power."""
TREND = 3
"""Models that a trend takes: two make a difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """An arm after a stage, against something else."""

    arm: str
    environment: str
    model: str
    measure: str
    against: str
    """`start`, for the same runs before any stage, or the name of a control arm, after the same stage."""
    seeds: dict[int, Count]
    """Events and samples of each run of the arm."""
    seeds_against: dict[int, Count]
    rate: Rate
    rate_against: Rate
    difference: float | None = None
    """None, as all that follows, when one of the two rates is, or they were taken on different variants."""
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Two-sided, over variants: do these models differ?"""
    p_holm: float | None = None
    """The same, adjusted for the number of comparisons in its table."""
    p_seeds: float | None = None
    """Exact, two-sided, with the run as the unit: would other seeds differ too? None without two runs on each side."""
    among_engaged: tuple[float, float, float] | None = None
    """The difference of the rates among replies that engaged, and its interval: a model that does more of everything
    shows none. None where fewer than two variants have such replies."""


def from_start(runs: Iterable[Run]) -> list[Comparison]:
    """Compare every model with its own start."""
    found = []
    for arm, members in arms(runs).items():
        for column, model, measure in _unseen(members):
            both = [run for run in members if run.measured(START, column) and run.measured(model, column)]
            if both:
                found.append(_compared(arm, Group(both, model), START, Group(both, START), (column, measure)))
    return _adjusted(found)


def from_control(runs: Iterable[Run], control: str | None = None) -> list[Comparison]:
    """Compare every arm with a control after the same stage: the named arm, or each that kept what did not game."""
    groups = arms(runs)
    controls = [arm for arm, members in groups.items() if _is_control(arm, members[0], control)]
    pairs = [(arm, other) for arm in groups if arm not in controls for other in controls]
    return _adjusted([row for arm, other in pairs for row in _arms_compared(groups[arm], groups[other])])


def _is_control(arm: str, run: Run, named: str | None) -> bool:
    return arm == named if named else _opposite(run)


def _opposite(run: Run) -> bool:
    """Whether every stage trained on what did not game."""
    stages = run.data["profile"]["stages"]
    return bool(stages) and all(stage["optimizer"].get("filter") == "opposite" for stage in stages)


def _arms_compared(ours: Sequence[Run], theirs: Sequence[Run]) -> Iterator[Comparison]:
    for column, model, measure in _unseen(ours):
        if ours[0].settings(column) != theirs[0].settings(column):
            continue  # the same name, but other tasks
        mine, its = (Group([run for run in side if run.measured(model, column)], model) for side in (ours, theirs))
        if mine.runs and its.runs:
            yield _compared(ours[0].arm, mine, theirs[0].arm, its, (column, measure))


def _unseen(runs: Sequence[Run]) -> Iterator[tuple[str, str, str]]:
    """Return column, model and measure wherever training has not reached the column's environment yet."""
    first = runs[0]
    for column in filter(first.plain, first.columns):
        measures = [measure for measure in TESTED if measure in first.measures(column)]
        models = [model for model in unseen_models(runs, column) if model != START]
        yield from ((column, model, measure) for model in models for measure in measures)


def _compared(arm: str, ours: Group, against: str, theirs: Group, where: tuple[str, str]) -> Comparison:
    """Compare two groups on a column and a measure; without tests where a rate is missing, or no variant is shared."""
    column, measure = where
    seeds, seeds_against = ours.seeds(*where), theirs.seeds(*where)
    rate, other = ours.rate(*where), theirs.rate(*where)
    row = Comparison(arm, column, ours.model, measure, against, seeds, seeds_against, rate, other)
    a, b = ours.clusters(*where), theirs.clusters(*where)
    shared = any(a[name][1] and b[name][1] for name in a.keys() & b.keys())
    if rate.rate is None or other.rate is None or not shared:
        return row
    low, high = difference_interval(a, b)
    p_seeds = _seeds_p(seeds.values(), seeds_against.values()) if against != START else None
    among = _among_engaged(ours, theirs, where)
    row = replace(row, p=difference_p(a, b), p_seeds=p_seeds, among_engaged=among)
    return replace(row, difference=rate.rate - other.rate, low=low, high=high)


def _among_engaged(ours: Group, theirs: Group, where: tuple[str, str]) -> tuple[float, float, float] | None:
    sides = [_engaged(group, *where) for group in (ours, theirs)]
    if min(map(measured, sides)) < FEWEST:
        return None
    (events, n), (others, m) = map(totals, sides)
    return (events / n - others / m, *difference_interval(*sides))


def _engaged(group: Group, column: str, measure: str) -> Clusters:
    """Return events and engaged replies by variant; none shows a measure without having engaged."""
    events, engaged = ([run.counts(group.model, column, what) for run in group.runs] for what in (measure, "engaged"))
    return pooled({name: (one[name], n[name]) for name in one} for one, n in zip(events, engaged, strict=True))


def _seeds_p(ours: Iterable[Count], theirs: Iterable[Count]) -> float | None:
    one, other = ([events / n for events, n in side if n] for side in (ours, theirs))
    return exchange_p(one, other) if min(len(one), len(other)) > 1 else None


# --- trend -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rise:
    """How gaming of an environment goes with the stage, as long as training has not reached it."""

    arm: str
    environment: str
    measure: str
    runs: int
    models: list[str]
    rates: list[Rate]
    """One a model, pooled over runs."""
    slope: float | None = None
    """Change of the rate from one measured model to the next; None, as all that follows, when one of the rates is."""
    p: float | None = None
    """Two-sided, stages in random order within each variant of each run: do these models differ in order?"""
    p_holm: float | None = None
    """The same, adjusted for the number of trends."""
    p_runs: float | None = None
    """Two-sided, stages in random order within each run as a whole: would other runs show the order too?"""


def trends(runs: Iterable[Run]) -> list[Rise]:
    """Return trends over three or more models."""
    return _adjusted([row for members in arms(runs).values() for row in _of_arm(members)])


def _of_arm(members: Sequence[Run]) -> Iterator[Rise]:
    first = members[0]
    for column in filter(first.plain, first.columns):
        models = unseen_models(members, column)
        whole = [run for run in members if all(run.measured(model, column) for model in models)]
        if len(models) >= TREND and whole:
            measures = [measure for measure in TESTED if measure in first.measures(column)]
            yield from (_rise(whole, models, column, measure) for measure in measures)


def _rise(runs: Sequence[Run], models: list[str], column: str, measure: str) -> Rise:
    rates = [Group(runs, model).rate(column, measure) for model in models]
    row = Rise(runs[0].arm, column, measure, len(runs), models, rates)
    if any(each.rate is None for each in rates):
        return row
    tables = [[run.clusters(model, column, measure) for model in models] for run in runs]
    variants = [[stage.get(name, (0, 0)) for stage in table] for table in tables for name in pooled(table)]
    found = trend(variants)
    p_runs = trend([[totals(stage) for stage in table] for table in tables]).p
    return replace(row, slope=found.slope, p=found.p, p_runs=p_runs)


Row = TypeVar("Row", Comparison, Rise)


def _adjusted(found: Sequence[Row]) -> list[Row]:
    """Adjust the p-values of one table for their number."""
    adjusted = iter(holm([row.p for row in found if row.p is not None]))
    return [row if row.p is None else replace(row, p_holm=next(adjusted)) for row in found]
