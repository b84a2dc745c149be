"""The report's other plots: losses, rewards, what a preference model paid for, and curves of monitors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from gameable.detection import Detection
from gameable_plugins.reports._drawing import address, grid, name_below, new_figure, plain, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHISKERS = (5, 95)
"""Percentiles."""
_TICKS = 12
"""Rounds whose labels find room below a panel."""


def losses(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str | None:
    """Plot the training loss by step, a line a stage; None when no stage has logged one."""
    points = {
        name: [(row["step"], row["loss"]) for row in rows if {"step", "loss"} <= set(row)]
        for name, rows in curves.items()
    }
    points = {name: line for name, line in points.items() if line}
    if not points:
        return None
    figure = new_figure(height=3.2)
    axes = figure.subplots()
    plain(axes)
    for number, (name, line) in enumerate(points.items()):
        steps, values = zip(*line, strict=True)
        every = max(1, len(steps) // 8)
        axes.plot(steps, values, label=name, markersize=5, markevery=every, linewidth=1.4, **style(number))
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend(loc="upper right", frameon=False, fontsize=9, handlelength=3.6)
    return address(figure)


def rewards(means: Mapping[str, Mapping[str, Mapping[str, float]]], rounds: Sequence[str]) -> str | None:
    """Plot mean scores by round, a panel a reward source and a line an environment; None where nothing goes on.

    Args:
        means: source to environment to round to mean score.
        rounds: labels, first to last.
    """
    lines = {environment for each in means.values() for environment, line in each.items() if len(line) > 1}
    if not lines:
        return None
    names = list(dict.fromkeys(environment for each in means.values() for environment in each))
    made = grid(len(means), one_scale=False)
    handles: dict[str, Any] = {}
    told = range(0, len(rounds), 1 + len(rounds) // _TICKS)
    for axes, (source, each) in zip(made.panels, means.items(), strict=True):
        plain(axes)
        axes.set_title(source, fontsize=9.5, loc="left")
        name_below(axes, told, [rounds[place] for place in told])
        for environment, line in each.items():
            look = {"linewidth": 1.4, "markersize": 5, **style(names.index(environment))}
            values = [line.get(label, nan) for label in rounds]
            (handles[environment],) = axes.plot(range(len(rounds)), values, **look)
    made.legend(handles)
    return address(made.figure)


def preference(scores: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> str:
    """Plot how a preference model scored gamed and honest episodes, a pair of boxes an environment.

    Args:
        scores: environment to the scores of gamed and of honest episodes.
    """
    from matplotlib.patches import Patch

    figure = new_figure(height=0.9 + 0.75 * len(scores))
    axes = figure.subplots()
    plain(axes)
    axes.grid(axis="x", color="#d5d5d5", linewidth=0.6)
    for row, (gamed, honest) in enumerate(scores.values()):
        _box(axes, gamed, row - 0.18, hatch="//////")
        _box(axes, honest, row + 0.18, hatch="")
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    axes.set_xlabel("score")
    looks: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": "#000000"}
    handles = [Patch(hatch="//////", label="gamed", **looks), Patch(label="honest", **looks)]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False)
    return address(figure)


def _box(axes: Axes, values: Sequence[float], place: float, hatch: str) -> None:
    if values:
        axes.boxplot(
            [values],
            positions=[place],
            widths=0.3,
            orientation="horizontal",
            whis=_WHISKERS,
            showfliers=False,
            showmeans=True,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": "#ffffff", "hatch": hatch},
            medianprops={"color": "#000000", "linewidth": 1.6},
            meanprops={"marker": "D", "markerfacecolor": "#000000", "markeredgecolor": "#ffffff", "markersize": 6},
        )


def detection(found: Mapping[str, Detection]) -> str:
    """Plot the ROC and the precision-recall curve of each monitor, and where chance would lie.

    Args:
        found: name of the monitor to what it is worth; all on the same episodes, and with curves.
    """
    figure = new_figure(height=3.6)
    roc, recall = figure.subplots(1, 2)
    for axes, title, x, y in ((roc, "ROC", "false positives", "detected"), (recall, "PR", "detected", "precision")):
        plain(axes)
        axes.set(xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_title(title, fontsize=9.5, loc="left")
    for number, (name, each) in enumerate(found.items()):
        look = {"linewidth": 1.4, "markersize": 3.5, **style(number)}
        points = each.curve
        roc.plot(
            [0, *(p.false_positives for p in points)], [0, *(p.true_positives for p in points)], label=name, **look
        )
        recall.plot([p.true_positives for p in points], [p.precision for p in points], **look)
    share = max(each.positives / (each.positives + each.negatives) for each in found.values())
    roc.plot([0, 1], [0, 1], color="#888888", linewidth=0.8, label="chance")
    recall.plot([0, 1], [share, share], color="#888888", linewidth=0.8)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8, handlelength=3.6)
    return address(figure)
