"""Compares two models, or two groups of runs, environment by environment on the variants that both were measured on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from gameable.clustered import Clusters, difference_interval, difference_p
from gameable.errors import StoreError
from gameable.pooling import Group, Rate
from gameable.statistics import exchange_p, holm, mcnemar_p
from gameable.summaries import Run, read

CONDITIONS = ("sampling", "sandbox")
"""Parts of a profile that can change a rate although the task stays the same."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared."""

    name: str
    """As it was asked for, with the model."""
    group: Group


@dataclass(frozen=True, slots=True)
class Difference:
    """How much oftener the second side shows a measure than the first, on the variants that they share."""

    environment: str
    measure: str
    a: Rate
    b: Rate
    variants: int
    """Variants that were measured on both sides; all else is left out."""
    left_out: int
    """Variants that were measured on one side only."""
    difference: float | None = None
    """Rate of b minus rate of a; None, as all that follows, when one of the rates is."""
    low: float | None = None
    high: float | None = None
    """Ends of the 95 % interval, with variants paired and their samples taken together."""
    test: Literal["McNemar", "variants swapped"] | None = None
    """Exact where every variant has one sample on each side; else the rates of whole variants are swapped at random."""
    p: float | None = None
    """Two-sided: do these models differ?"""
    p_holm: float | None = None
    """The same, adjusted for all tests that were made together."""
    p_runs: float | None = None
    """Exact, two-sided, runs as the units: would other seeds differ too? None without two runs on each side."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides and all their differences."""

    a: str
    b: str
    differences: list[Difference]
    notes: list[str]
    """What else is different between the sides, and what was left out."""


def find_sides(a: str, b: str) -> tuple[Side, Side]:
    """Find what `RUN` or `RUN:MODEL` names, twice; the last measured model where none is named.

    Raises:
        StoreError: there is no such run, it has no such model, nothing of it was measured, or both are the same.
    """
    (place_a, model_a), (place_b, model_b) = _split(a), _split(b)
    runs = read(place_a)
    others = runs if place_a.resolve() == place_b.resolve() else read(place_b)
    one, other = _side(place_a, runs, model_a), _side(place_b, others, model_b)
    if others is runs and one.group.model == other.group.model:
        raise StoreError(
            f"{one.name} and {other.name} are the same model. Name another run, or two models of this one: "
            f"{place_a}:MODEL with one of {', '.join(_known(runs))}."
        )
    return one, other


def _side(place: Path, runs: Sequence[Run], model: str | None) -> Side:
    if not runs:
        raise StoreError(f"{place} holds the runs of several seeds, none of which has begun.")
    known = _known(runs)
    if not known:
        raise StoreError(f"Nothing was measured in {place} yet; `gameable resume {place}` goes on.")
    if model is not None and model not in known:
        raise StoreError(f"No model '{model}' was measured in {place}; measured there: {', '.join(known)}.")
    chosen = model or known[-1]
    return Side(f"{place}:{chosen}", Group(runs, chosen))


def _known(runs: Sequence[Run]) -> list[str]:
    return [name for name in runs[0].models if any(run.measured(name, each) for run in runs for each in run.columns)]


def _split(text: str) -> tuple[Path, str | None]:
    """Split at the last colon, unless the whole is a path."""
    place, colon, model = text.rpartition(":")
    return (Path(place), model) if colon and place and model and not Path(text).exists() else (Path(text), None)


def compare(a: Side, b: Side) -> Comparison:
    """Compare two sides on every environment and measure that they share.

    Raises:
        StoreError: they share no environment, or no variant of any.
    """
    ours, theirs = a.group.runs[0], b.group.runs[0]
    both = [name for name in ours.columns if name in theirs.columns]
    same = [name for name in both if ours.task(name) == theirs.task(name)]
    if not same:
        raise StoreError(_nothing_shared(a, b, both))
    found = [row for column in same for row in of_column(a.group, b.group, column, _measures(ours, theirs, column))]
    if not any(row.variants for row in found):
        raise StoreError(
            f"{a.name} and {b.name} share no variant of {', '.join(same)}: nothing was measured on both sides. "
            "A run that is not finished may lack them; `gameable matrix RUN` shows what it has."
        )
    return Comparison(a.name, b.name, adjusted(found), list(_notes(a, b, [each for each in both if each not in same])))


def of_column(a: Group, b: Group, column: str, measures: Sequence[str]) -> list[Difference]:
    """Compare two groups on one environment; p-values are not adjusted yet."""
    return [_difference(a, b, column, measure) for measure in measures]


def adjusted(found: Sequence[Difference]) -> list[Difference]:
    """Adjust the p-values of tests that were made together for their number (Holm)."""
    values = iter(holm([row.p for row in found if row.p is not None]))
    return [row if row.p is None else replace(row, p_holm=next(values)) for row in found]


def _measures(a: Run, b: Run, column: str) -> list[str]:
    return [measure for measure in a.measures(column) if measure in b.measures(column)]


def _difference(a: Group, b: Group, column: str, measure: str) -> Difference:
    every = a.clusters(column, measure), b.clusters(column, measure)
    measured = [{name for name, (_, n) in side.items() if n} for side in every]
    shared = measured[0] & measured[1]
    one, other = ({name: side[name] for name in sorted(shared)} for side in every)
    rates = a.rate(column, measure, shared), b.rate(column, measure, shared)
    row = Difference(column, measure, *rates, len(shared), len(measured[0] ^ measured[1]))
    if rates[0].rate is None or rates[1].rate is None:
        return row
    low, high = difference_interval(other, one)
    test, p = _test(one, other)
    difference = rates[1].rate - rates[0].rate
    return replace(row, difference=difference, low=low, high=high, test=test, p=p, p_runs=_p_runs(a, b, row))


def _test(a: Clusters, b: Clusters) -> tuple[Literal["McNemar", "variants swapped"], float]:
    if all(side[name][1] == 1 for side in (a, b) for name in a):
        events = [(a[name][0], b[name][0]) for name in a]
        return "McNemar", mcnemar_p(events.count((1, 0)), events.count((0, 1)))
    return "variants swapped", difference_p(a, b)


def _p_runs(a: Group, b: Group, row: Difference) -> float | None:
    """Test with runs as units, where the two sides are different runs."""
    if a.runs is b.runs:
        return None
    rates = [[events / n for events, n in side.seeds(row.environment, row.measure).values() if n] for side in (a, b)]
    return exchange_p(*rates) if min(map(len, rates)) > 1 else None


def _nothing_shared(a: Side, b: Side, both: Sequence[str]) -> str:
    if both:
        return (
            f"{a.name} and {b.name} play other tasks under the same names ({', '.join(both)}): the environment, its "
            "options or the prompt style differ. Compare runs whose profiles agree in these."
        )
    columns = [", ".join(side.group.runs[0].columns) for side in (a, b)]
    return f"{a.name} and {b.name} share no environment: the one has {columns[0]}; the other {columns[1]}."


def _notes(a: Side, b: Side, other_tasks: Sequence[str]) -> Iterator[str]:
    ours, theirs = (side.group.runs[0].data["profile"] for side in (a, b))
    for name in CONDITIONS:
        if ours.get(name) != theirs.get(name):
            yield f"The two also differ in {name}: {_told(ours.get(name))} against {_told(theirs.get(name))}."
    for name in other_tasks:
        yield f"{name} is left out: under this name the two play other tasks."
    runs = [*a.group.runs, *b.group.runs]
    if not all(run.data["finished"] for run in runs):
        yield "Not every run is finished; what is not measured yet is left out."


def _told(part: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in part.items()) if isinstance(part, dict) else str(part)
