"""The HTML report: one file that opens anywhere, needs nothing from outside, and runs nothing.

Whatever a model, a sandbox or a profile wrote is shown as text: the template escapes it, and characters that steer a
terminal or turn the reading direction are spelt out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from gameable import Measure, PluginError
from gameable.evaluation import Cell, cells
from gameable.monitor_command import HEADINGS
from gameable.runfolder import translated
from gameable.store import Store
from gameable_plugins.reports import _figures, _mitigation, _monitors, _paper, _summary, _training, _transcript
from gameable_plugins.reports._showable import showable


def write(run_folder: Path) -> Path:
    """Write `report.html` into the run folder, of a finished run or as far as a run has got.

    Returns:
        Where it lies.

    Raises:
        StoreError: the folder is no run, or cannot be written.
        PluginError: a library that reports need is not installed.
    """
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise PluginError(f"The HTML report needs {' and '.join(missing)}: type `pip install 'gameable[view]'`.")
    with Store.open(run_folder, write=False) as store:
        page = _render(_collect(store))
    target = run_folder / "report.html"
    draft = target.with_suffix(".html.tmp")
    with translated(run_folder):
        draft.write_text(page, encoding="utf-8")
        draft.replace(target)
    return target


def _render(content: Mapping[str, Any]) -> str:
    from jinja2 import Environment, StrictUndefined

    setting = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    setting.filters["duration"] = _summary.duration
    template = files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8")
    return showable(setting.from_string(template).render(content))


def _collect(store: Store) -> dict[str, Any]:
    """Everything that the template shows, by the names that it uses."""
    matrix, milestones, stages = cells(store), store.milestones(), _training.stages(store.milestones())
    models = list(store.manifest["models"])
    measured = [model for model in models if any(cell.n for cell in matrix if cell.model == model)]
    trained = _first_stages(store)
    held_out = _summary.leads_up_to(store.manifest)
    sources, rewards = _training.rewards(store)
    return {
        "name": store.manifest.get("profile", {}).get("name", store.folder.name),
        "status": _summary.status(store),
        "facts": _summary.facts(store),
        "headline": _summary.headline(matrix, held_out, trained_on=held_out in trained),
        "plots": _rate_plots(matrix, models, trained),
        "loss_plot": _figures.losses({stage.label: stage.losses for stage in stages}),
        "measures": list(dict.fromkeys(cell.measure for cell in sorted(matrix, key=_severity))),
        "matrix": _blocks(matrix),
        "played": _summary.played(store.manifest),
        "floor": store.manifest["floor"],
        "models": measured,
        "mitigation": _mitigation.tried_on(store.folder),
        "estimates": _training.estimates(milestones),
        "stages": stages,
        "preparations": _training.preparations(milestones),
        "sources": sources,
        "rewards": rewards,
        "monitors": _monitors.section(store),
        "headings": HEADINGS,
        "overseen": _monitors.training(milestones),
        "alarms": _monitors.alarms(milestones),
        "examples": _transcript.examples(store, measured[-1]) if measured else [],
        "authors": _transcript.AUTHORS,
        "findings": _paper.FINDINGS,
        "published_stages": _paper.BY_STAGE,
    }


def _first_stages(store: Store) -> dict[str, str]:
    """Return environment to the first stage that trained on it, as far as the run has got."""
    order = {model: place for place, model in enumerate(store.manifest["models"])}
    pairs = {(row.id.split("/")[1].partition(".")[0], row.environment) for row in store.outcomes("train/")}
    latest_first = sorted((pair for pair in pairs if pair[0] in order), key=lambda pair: -order[pair[0]])
    return {environment: stage for stage, environment in latest_first}


def _severity(cell: Cell) -> int:
    return get_args(Measure).index(cell.measure) if cell.measure != "paid" else len(get_args(Measure))


def _blocks(matrix: Sequence[Cell]) -> dict[str, dict[str, dict[str, Cell]]]:
    """Arrange cells as environment, model, measure."""
    blocks: dict[str, dict[str, dict[str, Cell]]] = {}
    for cell in matrix:
        blocks.setdefault(cell.environment, {}).setdefault(cell.model, {})[cell.measure] = cell
    return blocks


def _rate_plots(matrix: Sequence[Cell], models: Sequence[str], trained: Mapping[str, str]) -> dict[str, str]:
    """Plot the matrix on both scales; nothing while there is no rate."""
    if all(cell.rate is None for cell in matrix):
        return {}
    return {scale: _figures.rates(matrix, models, trained, scale) for scale in ("linear", "log")}
