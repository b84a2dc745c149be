"""The generalisation figure: rates over the models, a panel an environment, of one run or of several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from gameable.clustered import Count
from gameable.evaluation import Cell, Column
from gameable.pooling import Rate
from gameable_plugins.reports._drawing import STYLES, address, grid, over_models, rated_line, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCALES = ("linear", "log")
_MEASURES: Mapping[Column, Mapping[str, Any]] = {
    "attempted": STYLES[1],
    "gamed": STYLES[0],
    "evaded": STYLES[4],
    "repaired": STYLES[2],
    "paid": STYLES[3],
}
_POOLED = {
    "label": "all seeds",
    "color": "#000000",
    "marker": "o",
    "linestyle": "-",
    "linewidth": 2.2,
    "elinewidth": 1.2,
    "zorder": 4,
}
_MARKERS = "s^Dv<>pPX*"
_SEEDS = {"linewidth": 0.8, "markersize": 4, "markerfacecolor": "none", "zorder": 3}


def rates(cells: Sequence[Cell], models: Sequence[str], trained: Mapping[str, str]) -> dict[str, str]:
    """Plot a run's matrix on both scales, a line a measure; nothing while there is no rate.

    Args:
        cells: the matrix.
        models: names, first to last.
        trained: environment to the first model that was trained on it; from there on its panel is shaded.
    """
    if all(cell.rate is None for cell in cells):
        return {}
    return {scale: _rates(cells, models, trained, scale) for scale in SCALES}


def _rates(cells: Sequence[Cell], models: Sequence[str], trained: Mapping[str, str], scale: str) -> str:
    names = list(dict.fromkeys(cell.environment for cell in cells))
    made = grid(len(names))
    for axes, environment in zip(made.panels, names, strict=True):
        over_models(axes, models, scale)
        _measures(axes, [cell for cell in cells if cell.environment == environment], models, scale)
        shade(axes, environment, models, trained.get(environment))
    _limit(made.panels[0], [cell.high for cell in cells if cell.high is not None], scale)
    handles = _handles(made.panels)
    made.legend({measure: handles[measure] for measure in _MEASURES if measure in handles})
    return address(made.figure)


def _measures(axes: Axes, cells: Sequence[Cell], models: Sequence[str], scale: str) -> None:
    measures = list(dict.fromkeys(cell.measure for cell in cells))
    for number, measure in enumerate(measures):
        shift = 0.12 * (number - (len(measures) - 1) / 2)  # keeps intervals from covering each other
        line = [cell for cell in cells if cell.measure == measure]
        places = [models.index(cell.model) + shift for cell in line]
        rated_line(axes, places, line, {**_MEASURES[measure], "label": measure}, scale)


class Panel(NamedTuple):
    """One environment over several seeds."""

    title: str
    pooled: Sequence[Rate]
    """Of all seeds together, by model."""
    seeds: Mapping[int, Sequence[Count]]
    """Events and samples of each seed, by model."""
    trained: str | None
    """The first model that was trained on it."""


def rates_of_seeds(panels: Sequence[Panel], models: Sequence[str]) -> dict[str, str]:
    """Plot pooled rates with their intervals and each seed's own line, on both scales; nothing without a rate."""
    if all(rate.rate is None for panel in panels for rate in panel.pooled):
        return {}
    return {scale: _rates_of_seeds(panels, models, scale) for scale in SCALES}


def _rates_of_seeds(panels: Sequence[Panel], models: Sequence[str], scale: str) -> str:
    made = grid(len(panels))
    for axes, panel in zip(made.panels, panels, strict=True):
        over_models(axes, models, scale)
        for number, (seed, counts) in enumerate(panel.seeds.items()):
            look: dict[str, Any] = {**_SEEDS, "color": "#777777", "marker": _MARKERS[number % len(_MARKERS)]}
            axes.plot(range(len(models)), [_share(each, scale) for each in counts], label=f"seed {seed}", **look)
        rated_line(axes, range(len(models)), panel.pooled, _POOLED, scale)
        shade(axes, panel.title, models, panel.trained)
    highs = [rate.high for panel in panels for rate in panel.pooled if rate.high is not None]
    shares = [_share(each, "linear") for panel in panels for counts in panel.seeds.values() for each in counts]
    _limit(made.panels[0], [*highs, *(share for share in shares if not isnan(share))], scale)
    handles = _handles(made.panels)
    made.legend({name: handles[name] for name in sorted(handles, key=lambda name: name != "all seeds")})
    return address(made.figure)


def _share(count: Count, scale: str) -> float:
    """Return the rate of one seed; NaN where it has no place, so that its line breaks."""
    events, n = count
    return nan if not n or (scale == "log" and not events) else events / n


def _limit(axes: Axes, highs: Sequence[float], scale: str) -> None:
    """Let the common linear axis begin at zero."""
    if scale == "linear":
        top = max(highs)
        axes.set_ylim(-0.04 * top, 1.04 * top)


def _handles(panels: Sequence[Axes]) -> dict[str, Any]:
    return {name: line for axes in panels for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
