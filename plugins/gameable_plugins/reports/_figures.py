"""The report's plots as `data:` addresses of SVG pictures: they need nothing from outside and repeat byte for byte."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from gameable.detection import Detection
from gameable.evaluation import Cell, Column

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that colour-blind readers tell apart; marker and line style tell them apart without any colour.
_STYLES: Sequence[Mapping[str, Any]] = (
    {"color": "#0072b2", "marker": "o", "linestyle": "-"},
    {"color": "#d55e00", "marker": "s", "linestyle": "--"},
    {"color": "#009e73", "marker": "^", "linestyle": "-."},
    {"color": "#cc79a7", "marker": "D", "linestyle": ":"},
    {"color": "#000000", "marker": "X", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#56b4e9", "marker": "v", "linestyle": (0, (8, 2))},
)
_MEASURES: Mapping[Column, Mapping[str, Any]] = {
    "attempted": _STYLES[1],
    "gamed": _STYLES[0],
    "evaded": _STYLES[4],
    "repaired": _STYLES[2],
    "paid": _STYLES[3],
}
_COLUMNS = 2


def rates(cells: Sequence[Cell], models: Sequence[str], trained: Mapping[str, str], scale: str) -> str:
    """Plot rates over the models with 95 % intervals, a panel an environment and a line a measure.

    On the log scale a rate of zero has no place: there an arrow hangs from the upper end of its interval.

    Args:
        cells: the matrix.
        models: names, first to last.
        trained: environment to the first stage that trained on it; from there on its panel is shaded.
        scale: `linear` or `log`.
    """
    panels = list(dict.fromkeys(cell.environment for cell in cells))
    spare = len(panels) % _COLUMNS  # an odd number leaves room for the legend, beside the first panel
    rows = (len(panels) + spare) // _COLUMNS
    figure = _figure(height=1.0 + 2.1 * rows)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
    places = [axes for number, axes in enumerate(grid.flat) if not (spare and number == 1)]
    for axes, environment in zip(places, panels, strict=True):
        _panel(axes, [cell for cell in cells if cell.environment == environment], models, scale)
        _shade(axes, environment, models, trained)
    if scale == "linear":
        top = max(cell.high for cell in cells if cell.high is not None)
        grid[0, 0].set_ylim(-0.04 * top, 1.04 * top)
    handles = {name: line for axes in places for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    entries = [(handles[measure], measure) for measure in _MEASURES if measure in handles]
    if spare:
        grid[0, 1].set_axis_off()
        grid[0, 1].legend(*zip(*entries, strict=True), loc="center left", frameon=False, handlelength=3.6)
    else:
        figure.legend(*zip(*entries, strict=True), loc="outside upper left", ncols=5, frameon=False, handlelength=3.6)
    return _address(figure)


def _panel(axes: Axes, cells: Sequence[Cell], models: Sequence[str], scale: str) -> None:
    from matplotlib.ticker import FuncFormatter

    _plain(axes)
    axes.set_yscale(scale)
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:g}%"))
    axes.set_xlim(-0.5, len(models) - 0.5)
    axes.set_xticks(range(len(models)), models, fontsize=8, rotation=30, ha="right", rotation_mode="anchor")
    measures = list(dict.fromkeys(cell.measure for cell in cells))
    for number, measure in enumerate(measures):
        shift = 0.12 * (number - (len(measures) - 1) / 2)  # keeps intervals from covering each other
        places = {model: place + shift for place, model in enumerate(models)}
        _line(axes, [cell for cell in cells if cell.measure == measure], places, log=scale == "log")


def _line(axes: Axes, cells: Sequence[Cell], places: Mapping[str, float], *, log: bool) -> None:
    style = _MEASURES[cells[0].measure]
    size: dict[str, Any] = {"capsize": 2, "elinewidth": 0.9, "markersize": 5}
    points = [_point(cell, log=log) for cell in cells]
    x = [places[cell.model] for cell in cells]
    y = [rate for rate, _, _ in points]
    reach = [[rate - low for rate, low, _ in points], [high - rate for rate, _, high in points]]
    axes.errorbar(x, y, yerr=reach, label=cells[0].measure, linewidth=1.5, **size, **style)
    for cell in cells:
        if log and cell.rate == 0 and cell.high is not None:
            hollow = {"color": style["color"], "marker": style["marker"], "markerfacecolor": "none"}
            axes.errorbar([places[cell.model]], [cell.high], yerr=[0.35 * cell.high], uplims=True, **size, **hollow)


def _point(cell: Cell, *, log: bool) -> tuple[float, float, float]:
    """Return rate and interval for matplotlib, to which NaN says that the line breaks here."""
    if cell.rate is None or cell.low is None or cell.high is None or (log and cell.rate == 0):
        return nan, nan, nan
    return cell.rate, cell.low, cell.high


def _shade(axes: Axes, environment: str, models: Sequence[str], trained: Mapping[str, str]) -> None:
    axes.set_title(
        environment if environment in trained else f"{environment} (not trained on)", fontsize=9.5, loc="left"
    )
    if environment in trained:
        axes.axvspan(models.index(trained[environment]) - 0.5, len(models) - 0.5, color="#f0f0f0", zorder=0)


def losses(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """Plot the training loss by step, a line a stage; None when no stage has logged one."""
    points = {
        name: [(row["step"], row["loss"]) for row in rows if {"step", "loss"} <= set(row)]
        for name, rows in curves.items()
    }
    points = {name: line for name, line in points.items() if line}
    if not points:
        return None
    figure = _figure(height=3.2)
    axes = figure.subplots()
    _plain(axes)
    for number, (name, line) in enumerate(points.items()):
        steps, values = zip(*line, strict=True)
        every = max(1, len(steps) // 8)
        axes.plot(
            steps, values, label=name, markersize=5, markevery=every, linewidth=1.4, **_STYLES[number % len(_STYLES)]
        )
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend(loc="upper right", frameon=False, fontsize=9, handlelength=3.6)
    return _address(figure)


def detection(found: Mapping[str, Detection]) -> str:
    """Plot the ROC and the precision-recall curve of each monitor, and where chance would lie.

    Args:
        found: name of the monitor to what it is worth; all on the same episodes, and with curves.
    """
    figure = _figure(height=3.6)
    roc, recall = figure.subplots(1, 2)
    for axes, title, x, y in ((roc, "ROC", "false positives", "detected"), (recall, "PR", "detected", "precision")):
        _plain(axes)
        axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_title(title, fontsize=9.5, loc="left")
    for number, (name, each) in enumerate(found.items()):
        style = {"linewidth": 1.4, "markersize": 3.5, **_STYLES[number % len(_STYLES)]}
        points = each.curve
        roc.plot(
            [0, *(p.false_positives for p in points)], [0, *(p.true_positives for p in points)], label=name, **style
        )
        recall.plot([p.true_positives for p in points], [p.precision for p in points], **style)
    share = max(each.positives / (each.positives + each.negatives) for each in found.values())
    roc.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, label="chance")
    recall.plot([0, 1], [share, share], color="#888888", linewidth=0.8)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8, handlelength=3.6)
    return _address(figure)


def _figure(height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(6.8, height), layout="constrained")


def _plain(axes: Axes) -> None:
    axes.grid(axis="y", color="#d5d5d5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def _address(figure: Figure) -> str:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "gameable"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{b64encode(buffer.getvalue()).decode()}"
