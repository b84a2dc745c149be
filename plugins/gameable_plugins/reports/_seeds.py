"""What the report over several seeds of one profile shows, by the names that its template uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from gameable import GameableError, Measure, StoreError, trend_command
from gameable.evaluation import Column
from gameable.pooling import Group
from gameable.runfolder import SEEDS, seeds_begun
from gameable.store import Store
from gameable.summaries import Run, read
from gameable_plugins.reports import _costs, _monitors, _paper, _pooled, _rate_figures, _summary, _training
from gameable_plugins.reports._page import NAME
from gameable_plugins.reports._pooled import Pooled

_ORDER: tuple[Column, ...] = (*get_args(Measure), "paid")


def begun(folder: Path) -> list[Path]:
    """Return the runs that have begun, in the order of their seeds.

    Raises:
        StoreError: none has.
    """
    found = seeds_begun(folder)
    if not found:
        raise StoreError(f"No seed in {folder} has begun; `gameable resume {folder}` begins.")
    return found


@dataclass(frozen=True, slots=True)
class _One:
    """What is read of one run beside its counts."""

    name: str
    milestones: Mapping[str, Mapping[str, Any]]
    status: tuple[str, str]
    facts: Mapping[str, str]


def content(folder: Path) -> dict[str, Any]:
    """Collect it, as far as the runs have got."""
    runs, ones = read(folder), [_one(each) for each in begun(folder)]
    first, models = runs[0], list(runs[0].models)
    column = _summary.leads_up_to(first.data)
    wanted = json.loads((folder / SEEDS).read_text(encoding="utf-8")).get("seeds", len(runs))
    matrix = {name: _block(runs, models, name) for name in first.columns}
    return {
        "name": first.arm,
        "status": _status(folder, wanted, ones),
        "headline": _pooled.headline(runs, models, column, _pooled.main_measure(first, column)),
        "warnings": [(f"{one.name}: {kind}", said) for one in ones for kind, said in _warnings(one)],
        "plots": _rate_figures.rates_of_seeds([_panel(runs, models, name) for name in first.columns], models),
        "trend": _trend(folder),
        "measures": [each for each in _ORDER if any(each in first.measures(name) for name in matrix)],
        "matrix": matrix,
        "played": _summary.played(first.data),
        "floor": first.data["floor"],
        "seeds": [f"seed {run.seed}" for run in runs],
        "by_seed": {_title(first, name): _by_seed(runs, models, name) for name in first.columns},
        "runs": [(one.name, f"{one.name}/{NAME}", *one.status, one.facts.get("time worked", "")) for one in ones],
        "paper": _paper.beside(first, matrix),
        "costs": _costs.rows([one.milestones for one in ones]),
        "gpu_hours": _costs.gpu_hours([one.milestones for one in ones]),
        "facts": _common([one.facts for one in ones]),
    }


def _one(folder: Path) -> _One:
    with Store.open(folder, write=False) as store:
        return _One(folder.name, store.milestones(), _summary.status(store), _summary.facts(store))


def _status(folder: Path, wanted: int, ones: Sequence[_One]) -> tuple[str, str]:
    words = [one.status[0] for one in ones]
    done = words.count("complete")
    if done == wanted:
        return "complete", f"all {wanted} seeds are finished"
    where = f"{done} of {wanted} seeds are finished"
    return ("running", where) if "running" in words else ("stopped", f"{where}; `gameable resume {folder}` goes on")


def _warnings(one: _One) -> Iterator[tuple[str, str]]:
    yield from _training.planted(_training.stages(one.milestones))
    yield from _monitors.alarms(one.milestones)


def _trend(folder: Path) -> list[str]:
    """Say what the test of the claim says, or why there is none."""
    try:
        return list(trend_command.sentences(trend_command.find([folder])))
    except GameableError as error:
        return [str(error)]


def _title(run: Run, column: str) -> str:
    """Name a column, and what stands for it unless that is gaming."""
    return column if _pooled.main_measure(run, column) == "gamed" else f"{column}: {_pooled.main_measure(run, column)}"


def _block(runs: Sequence[Run], models: Sequence[str], column: str) -> dict[str, dict[str, Pooled]]:
    """Return model and measure to the pooled rate."""
    groups = {model: Group(runs, model) for model in models}
    measures = runs[0].measures(column)
    return {model: {each: _pooled.of(group, column, each) for each in measures} for model, group in groups.items()}


def _panel(runs: Sequence[Run], models: Sequence[str], column: str) -> _rate_figures.Panel:
    measure = _pooled.main_measure(runs[0], column)
    groups = [Group(runs, model) for model in models]
    counts = [group.seeds(column, measure) for group in groups]
    return _rate_figures.Panel(
        title=_title(runs[0], column),
        pooled=[group.rate(column, measure) for group in groups],
        seeds={run.seed: [each[run.seed] for each in counts] for run in runs},
        trained=runs[0].first_trained(column),
    )


def _by_seed(runs: Sequence[Run], models: Sequence[str], column: str) -> list[tuple[str, ...]]:
    """Return the model and its rate in each run."""
    measure = _pooled.main_measure(runs[0], column)
    return [(model, *(str(Group([run], model).rate(column, measure)) for run in runs)) for model in models]


def _common(facts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return what was run; where seeds differ, as they do in when they began, each value once."""
    names = dict.fromkeys(name for each in facts for name in each)
    return {name: " · ".join(dict.fromkeys(each[name] for each in facts if name in each)) for name in names}
