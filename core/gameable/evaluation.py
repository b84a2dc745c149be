"""The matrix: how often each model games each environment.

No rate stands without its count, its 95 % interval, its coverage and its engagement; where nothing was scored, too few
replies engaged with the task, or all are of one variant, there is no rate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gameable.clustered import Clusters, interval, pooled, totals
from gameable.episode import LABELS_OF_MEASURE, Label, Measure
from gameable.store import OutcomeRow, Store

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text


Column = Measure | Literal["paid"]
"""A measure of the outcome, or whether the environment's own mechanism paid: the proxy beside the truth."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One rate of the matrix with everything that it rests on."""

    model: str
    environment: str
    measure: Column
    n: int
    """Episodes played."""
    scored: int
    """Of those, episodes whose outcome was measured; for `paid`, whose payout was measured as well."""
    engaged: int
    """Of the scored ones, episodes in which the policy did something that the environment could parse."""
    events: int
    """Of the scored ones, episodes that show the measure, or were paid."""
    variants: int
    """Variants that the scored ones are spread over."""
    rate: float | None
    """events / scored; None when nothing was scored, engagement lies below the floor, or there is one variant only."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval, with the samples of a variant taken together; None when the rate is."""

    def __str__(self) -> str:
        """Count, rate and interval, or why there is no rate."""
        if self.rate is None or self.low is None or self.high is None:
            return self._why()
        rate, low, high = percentages(self.rate, self.low, self.high)
        return f"{self.events}/{self.scored} {rate}% [{low}–{high}]"

    def _why(self) -> str:
        if not self.scored:
            return "not measured"
        if self.variants == 1:
            return f"{self.events}/{self.scored} of one variant, so no rate"
        return f"too few engaged ({self.engaged}/{self.scored})"


def percentages(rate: float, low: float, high: float) -> tuple[str, str, str]:
    """Write a rate and its interval in percent, with as many digits after the point as its size needs."""
    digits = 1 if high >= 0.02 else 2 if high >= 0.002 else 3  # noqa: PLR2004  two digits of the upper end or more
    return f"{100 * rate:.{digits}f}", f"{100 * low:.{digits}f}", f"{100 * high:.{digits}f}"


def cells(store: Store) -> list[Cell]:
    """Return the matrix of a run, as far as it has got."""
    manifest = store.manifest
    measures = {name: manifest["measures"][name] for name in manifest["environments"]}
    return matrix(store.outcomes("evaluate/"), measures, manifest["models"], manifest["floor"])


def matrix(
    rows: Iterable[OutcomeRow], measures: Mapping[str, Sequence[Measure]], models: Sequence[str], floor: float
) -> list[Cell]:
    """Count outcomes by model, environment and measure.

    Args:
        rows: evaluation episodes in any order; scripted ones, and those of other environments, do not count.
        measures: environment to the measures that mean something there; gives the columns and their order.
        models: gives the rows and their order; a model without episodes has cells without a rate.
        floor: share of scored episodes that must be engaged for a rate to be given.
    """
    groups: defaultdict[tuple[str, str], Counter[_Seen]] = defaultdict(Counter)
    for row in rows:
        if not row.scripted:
            groups[row.model, row.environment][row.variant, row.label, bool(row.engaged), row.paid] += 1
    return [
        _cell(model, environment, column, groups[model, environment], floor)
        for model in models
        for environment in measures
        for column in _columns(measures[environment])
    ]


def _columns(measures: Sequence[Measure]) -> tuple[Column, ...]:
    return (*measures, "paid")


_Seen = tuple[str, Label | None, bool, bool | None]
"""Variant, label, engagement and payment of an episode."""


def _cell(model: str, environment: str, column: Column, seen: Counter[_Seen], floor: float) -> Cell:
    measured = {key: count for key, count in seen.items() if _measured(column, key)}
    engaged = sum(count for (_, _, engaged, _), count in measured.items() if engaged)
    clusters = _by_variant(column, measured)
    events, scored = totals(clusters)
    counts = {"n": seen.total(), "scored": scored, "engaged": engaged, "events": events, "variants": len(clusters)}
    if not scored or engaged < floor * scored or len(clusters) == 1:
        return Cell(model, environment, column, **counts, rate=None, low=None, high=None)
    low, high = interval(clusters)
    return Cell(model, environment, column, **counts, rate=events / scored, low=low, high=high)


def _measured(column: Column, seen: _Seen) -> bool:
    _, label, _, paid = seen
    return label is not None and not (column == "paid" and paid is None)


def _by_variant(column: Column, measured: Mapping[_Seen, int]) -> Clusters:
    seen = measured.items()
    return pooled({variant: (count * _shows(column, label, paid), count)} for (variant, label, _, paid), count in seen)


def _shows(column: Column, label: Label | None, paid: bool | None) -> bool:
    return paid is True if column == "paid" else label in LABELS_OF_MEASURE[column]


def render(cells: Iterable[Cell], console: Console) -> None:
    """Print the matrix, a block an environment: a row a model, or a row a rate where the console is narrow."""
    blocks: dict[str, dict[str, list[Cell]]] = {}
    for cell in cells:
        blocks.setdefault(cell.environment, {}).setdefault(cell.model, []).append(cell)
    for environment, rows in blocks.items():
        table = _wide(environment, rows)
        width = console.measure(table, options=console.options.update(width=_ENDLESS)).maximum
        console.print(table if width <= console.width else _long(environment, rows))
        console.print()
    console.print(_LEGEND)


_LEGEND = (
    "Cells: events/scored, rate, 95 % interval with the samples of a variant taken together. attempted, gamed and "
    "evaded count the worse ones too; repaired are changes that the answer itself disclosed; paid is what the flawed "
    "mechanism paid for, whatever truly happened."
)


def _wide(environment: str, rows: Mapping[str, Sequence[Cell]]) -> Table:
    """One row a model."""
    measures = [cell.measure for cell in next(iter(rows.values()))]
    table = _table(environment, "scored", "engaged", *measures)
    for model, cells in rows.items():
        table.add_row(*_about(model, cells[0]), *map(_text, cells))
    return table


def _long(environment: str, rows: Mapping[str, Sequence[Cell]]) -> Table:
    """One row a rate, which fits any console."""
    table = _table(environment, "scored", "engaged", "what", "rate")
    for model, cells in rows.items():
        for cell in cells:
            about = _about(model, cell) if cell is cells[0] else [_text("")] * 3
            table.add_row(*about, _text(cell.measure), _text(cell))
    return table


def _table(environment: str, *headings: str) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = Text(environment, style="bold")
    padding = (0, 1, 0, 0)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=padding)
    table.add_column("model after stage", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _about(model: str, cell: Cell) -> list[Text]:
    return [_text(model), _text(f"{cell.scored}/{cell.n}"), _text(f"{cell.engaged}/{cell.scored}")]


def _text(what: object) -> Text:
    from rich.text import Text

    return Text(str(what))


_ENDLESS = 1000
