"""Tests the claim itself, that training on early environments makes gaming of later ones more frequent.

An environment counts for a model as long as no stage up to that model trained on it, under any name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gameable.clustered import pooled, totals
from gameable.compare_command import SURE, p_value, points
from gameable.errors import StoreError
from gameable.pooling import Group, Rate
from gameable.summaries import Run, read, unseen_models
from gameable.trend import Stratum, reach, trend_over, visible_rise

_MEASURE = "gamed"
_FEWEST = 2
"""Models that an order takes."""


@dataclass(frozen=True, slots=True)
class Course:
    """Rates of one environment up to the stage that trains on it."""

    environment: str
    models: list[str]
    stages: list[int]
    """How many stages each model has been through."""
    rates: list[Rate]
    """Pooled over runs."""
    left_out: str = ""
    """Why the test does not count it; empty when it does."""


@dataclass(frozen=True, slots=True)
class Found:
    """The test, what it rests on, and what it could have shown."""

    runs: list[str]
    begun_from: list[str]
    """Checkpoints of other runs that these begin from: what those were trained on is not known here."""
    courses: list[Course]
    unit: Literal["variants", "runs"]
    """What is taken as independent: with several runs the runs, else the variants of each environment."""
    slope: float
    """Change of the rate by one stage, common to all environments."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval of the slope; None where the units do not differ, so that it is unknown."""
    p: float | None
    """Two-sided; with one run by permutation, with several by Student's distribution over their slopes."""
    p_models: float
    """Two-sided, by permutation within variants: do these models differ in order, whatever other runs would do?"""
    visible: float | None
    """Rise by one stage that such a measurement shows four times in five; None when it could show none."""


def find(places: Sequence[Path]) -> Found:
    """Test the trend over runs of one profile: run folders, folders of several seeds, or summaries.

    Raises:
        StoreError: there is no such run, the runs differ in design, or they have nothing that could show a trend.
    """
    runs = [run for place in places for run in read(place)]
    if any(run.design != runs[0].design for run in runs):
        raise StoreError("These runs have other stages or columns, and cannot be added up: give runs of one profile.")
    if len({repr(run.data["clusters"]) for run in runs}) < len(runs):
        raise StoreError("The same run is given twice, which would count its samples twice.")
    courses = [_course(runs, column) for column in runs[0].columns if runs[0].plain(column)] if runs else []
    if all(course.left_out for course in courses):
        raise StoreError(_no_trend(places, courses))
    return _tested(runs, courses)


def _tested(runs: Sequence[Run], courses: list[Course]) -> Found:
    told = [course for course in courses if not course.left_out]
    by_variant = [_by_variant(runs, course) for course in told]
    strata = by_variant if len(runs) == 1 else [_by_run(runs, course) for course in told]
    found, known = trend_over(by_variant), reach(strata)
    spread = known if known and known.p is not None else None
    return Found(
        runs=[run.name for run in runs],
        begun_from=sorted({str(given) for run in runs if (given := run.data["profile"].get("checkpoint"))}),
        courses=courses,
        unit="variants" if len(runs) == 1 else "runs",
        slope=found.slope,
        low=spread.low if spread else None,
        high=spread.high if spread else None,
        p=found.p if len(runs) == 1 else spread.p if spread else None,
        p_models=found.p,
        visible=visible_rise(strata),
    )


def _course(runs: Sequence[Run], column: str) -> Course:
    models = unseen_models(runs, column)
    rates = [Group(runs, model).rate(column, _MEASURE) for model in models]
    course = Course(column, models, [runs[0].age(model) for model in models], rates)
    return replace(course, left_out=_left_out(runs, course))


def _left_out(runs: Sequence[Run], course: Course) -> str:
    if _MEASURE not in runs[0].measures(course.environment):
        return f"'{_MEASURE}' means nothing there"
    if len(course.models) < _FEWEST:
        return "fewer than two models were to be measured on it before training reached it"
    if not all(run.measured(model, course.environment) for run in runs for model in course.models):
        return "not every model was measured on it"
    return next(
        (f"{model}: {rate.why}" for model, rate in zip(course.models, course.rates, strict=True) if rate.why), ""
    )


def _by_variant(runs: Sequence[Run], course: Course) -> Stratum:
    """Return counts with a variant of a run as the block."""
    blocks, names = [], []
    for place, run in enumerate(runs):
        stages = [run.clusters(model, course.environment, _MEASURE) for model in course.models]
        for variant in pooled(stages):
            blocks.append([stage.get(variant, (0, 0)) for stage in stages])
            names.append((place, course.environment, variant))
    return Stratum(blocks, course.stages, names)


def _by_run(runs: Sequence[Run], course: Course) -> Stratum:
    """Return counts with a run as the block, and as what belongs together over all environments."""
    blocks = [[totals(run.clusters(model, course.environment, _MEASURE)) for model in course.models] for run in runs]
    return Stratum(blocks, course.stages, range(len(runs)))


def _no_trend(places: Sequence[Path], courses: Sequence[Course]) -> str:
    reasons = "; ".join(f"{course.environment}: {course.left_out}" for course in courses) or "no environment"
    return (
        f"Nothing in {', '.join(map(str, places))} can show a trend ({reasons}). It takes an environment that two "
        "models or more are measured on before training reaches it: leave `evaluation.models` out of the profile."
    )


def as_json(found: Found) -> dict[str, Any]:
    """Return everything as plain data, with the sentences."""
    return {**asdict(found), "measure": _MEASURE, "sentences": list(sentences(found))}


def show(found: Found, console: Console) -> None:
    """Print the course of every environment, then what can and cannot be said."""
    for course in found.courses:
        if course.models:
            console.print(_table(course))
            console.print()
    for line in sentences(found):
        console.print(Text(line))


def _table(course: Course) -> Table:
    note = f", not counted: {course.left_out}" if course.left_out else ""
    title = Text(course.environment + note, style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("model after stage", "stages", _MEASURE, "scored", "engaged"):
        table.add_column(heading, justify="left" if heading == "model after stage" else "right", overflow="fold")
    for model, stage, rate in zip(course.models, course.stages, course.rates, strict=True):
        counts = f"{rate.scored}/{rate.played}", f"{rate.engaged}/{rate.scored}"
        table.add_row(*map(Text, (model, str(stage), str(rate), *counts)))
    return table


def sentences(found: Found) -> Iterator[str]:
    """Say in plain sentences what is shown, what is not, and what the runs could have shown."""
    yield f"{_verdict(found)}: {_slope(found)}, p = {p_value(found.p)}."
    yield _power(found)
    if found.begun_from:
        yield f"Begun from {', '.join(found.begun_from)}: whatever that was trained on before is not counted."
    if found.unit == "variants":
        yield (
            "One run: the test asks whether these models differ in order, not whether training from other seeds would "
            "make such an order again. `gameable run PROFILE --seeds 5` makes runs that can speak about that."
        )
    else:
        yield (
            f"Units are the {len(found.runs)} runs. That these very models differ in order, whatever other runs would "
            f"do: p = {p_value(found.p_models)}, stages put into random order within each variant."
        )


def _verdict(found: Found) -> str:
    what = "Gaming of environments that training has not reached yet"
    if found.p is None or found.p > SURE or not found.slope:
        return f"No trend is shown. {what} may rise, fall or stay with training"
    return f"{what} {'rises' if found.slope > 0 else 'falls'} with training"


def _slope(found: Found) -> str:
    if found.low is None or found.high is None:
        return f"{100 * found.slope:+.2f} points a stage".replace("-", "−")
    return f"{points(found.low, found.slope, found.high)} points a stage"


def _power(found: Found) -> str:
    if found.visible is None:
        return "A measurement of this size shows no rise at all four times in five, however large."
    return f"A measurement of this size shows a rise of {100 * found.visible:.2g} points a stage four times in five."
