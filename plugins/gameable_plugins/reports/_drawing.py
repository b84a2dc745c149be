"""What all plots of the report share: styles that need no colour, panels over the models, and how they reach the page.

A plot is a `data:` address of an SVG picture: it needs nothing from outside and repeats byte for byte.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colours that colour-blind readers tell apart; marker and line style tell them apart without any colour.
STYLES: Sequence[Mapping[str, Any]] = (
    {"color": "#0072b2", "marker": "o", "linestyle": "-"},
    {"color": "#d55e00", "marker": "s", "linestyle": "--"},
    {"color": "#009e73", "marker": "^", "linestyle": "-."},
    {"color": "#cc79a7", "marker": "D", "linestyle": ":"},
    {"color": "#000000", "marker": "X", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
    {"color": "#56b4e9", "marker": "v", "linestyle": (0, (8, 2))},
)
_COLUMNS = 2


class Rated(Protocol):
    """A rate with its interval; None where there is none."""

    @property
    def rate(self) -> float | None:
        """Between 0 and 1."""

    @property
    def low(self) -> float | None:
        """Lower end."""

    @property
    def high(self) -> float | None:
        """Upper end."""


def new_figure(height: float) -> Figure:
    """Return an empty figure, `height` in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(6.8, height), layout="constrained")


def plain(axes: Axes) -> None:
    """Leave of the frame what helps to read values."""
    axes.grid(axis="y", color="#d5d5d5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def style(number: int) -> Mapping[str, Any]:
    """Return the style of a line by its place."""
    return STYLES[number % len(STYLES)]


def address(figure: Figure) -> str:
    """Return the picture as an address that a page can show."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "gameable"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{b64encode(buffer.getvalue()).decode()}"


# --- panels over the models ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grid:
    """Panels in two columns with common axes; an odd number leaves room for the legend, beside the first one."""

    figure: Figure
    panels: Sequence[Axes]
    spare: Axes | None

    def legend(self, entries: Mapping[str, Any]) -> None:
        """Explain the lines, by what they are called."""
        told = {"handles": list(entries.values()), "labels": list(entries), "frameon": False, "handlelength": 3.6}
        if self.spare is None:
            self.figure.legend(**told, loc="outside upper left", ncols=5)
        else:
            self.spare.set_axis_off()
            self.spare.legend(**told, loc="center left")


def grid(count: int, *, one_scale: bool = True) -> Grid:
    """Make so many panels; on one scale they can be compared, on scales of their own each shows what it has."""
    spare = count % _COLUMNS
    rows = (count + spare) // _COLUMNS
    figure = new_figure(height=1.0 + 2.1 * rows)
    places = list(figure.subplots(rows, _COLUMNS, sharex=True, sharey=one_scale, squeeze=False).flat)
    free = places.pop(1) if spare else None
    return Grid(figure, places, free)


def over_models(axes: Axes, models: Sequence[str], scale: str) -> None:
    """Put the models below a panel and percent beside it, on a `linear` or `log` scale."""
    from matplotlib.ticker import FuncFormatter

    plain(axes)
    axes.set_yscale(scale)
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:g}%"))
    axes.set_xlim(-0.5, len(models) - 0.5)
    name_below(axes, range(len(models)), models)


def name_below(axes: Axes, places: Sequence[int], names: Sequence[str]) -> None:
    """Put names below a panel, slanted so that long ones have room."""
    axes.set_xticks(places, names, fontsize=8, rotation=30, ha="right", rotation_mode="anchor")


def shade(axes: Axes, title: str, models: Sequence[str], trained: str | None) -> None:
    """Name a panel, and shade it from the first model on that was trained on its environment."""
    axes.set_title(title if trained else f"{title} (not trained on)", fontsize=9.5, loc="left")
    if trained:
        axes.axvspan(models.index(trained) - 0.5, len(models) - 0.5, color="#f0f0f0", zorder=0)


def rated_line(
    axes: Axes, places: Sequence[float], rated: Sequence[Rated], look: Mapping[str, Any], scale: str
) -> None:
    """Draw rates with their intervals; the line breaks where there is no rate.

    On the log scale a rate of zero has no place: there an arrow hangs from the upper end of its interval.
    """
    size: dict[str, Any] = {"capsize": 2, "elinewidth": 0.9, "markersize": 5}
    points = [_point(each, scale) for each in rated]
    reach = [[rate - low for rate, low, _ in points], [high - rate for rate, _, high in points]]
    axes.errorbar(places, [rate for rate, _, _ in points], yerr=reach, **{"linewidth": 1.5, **size, **look})
    for place, each in zip(places, rated, strict=True):
        if scale == "log" and each.rate == 0 and each.high is not None:
            hollow = {"color": look["color"], "marker": look["marker"], "markerfacecolor": "none"}
            axes.errorbar([place], [each.high], yerr=[0.35 * each.high], uplims=True, **size, **hollow)


def _point(each: Rated, scale: str) -> tuple[float, float, float]:
    """Return rate and interval for matplotlib, to which NaN says that the line breaks here."""
    if each.rate is None or each.low is None or each.high is None or (scale == "log" and each.rate == 0):
        return nan, nan, nan
    return each.rate, each.low, each.high
