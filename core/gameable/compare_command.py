"""Says how two models differ, and what of it is known: `gameable compare`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gameable.comparison import Comparison, Difference, compare, find_sides

SURE = 0.05
"""Adjusted p-value up to which a difference is called one."""
_MAIN = "gamed"


def compare_places(a: str, b: str) -> Comparison:
    """Compare what two arguments `RUN` or `RUN:MODEL` name.

    Raises:
        StoreError: there is no such run or model, or the two share nothing.
    """
    return compare(*find_sides(a, b))


def as_json(found: Comparison) -> dict[str, Any]:
    """Return everything as plain data, with the sentences."""
    return {**asdict(found), "sentences": list(sentences(found))}


def show(found: Comparison, console: Console) -> None:
    """Print a block an environment, then what can and cannot be said."""
    console.print(Text(f"A: {found.a}\nB: {found.b}\n"))
    for environment in dict.fromkeys(row.environment for row in found.differences):
        rows = [row for row in found.differences if row.environment == environment]
        console.print(_table(environment, rows))
        console.print(Text(_coverage(rows[0]) + "\n", style="dim"))
    for line in [*sentences(found), *found.notes]:
        console.print(Text(line))


def points(low: float, middle: float, high: float) -> str:
    """Write a difference of rates and its interval in points of a percent."""
    digits = 1 if max(-low, high) >= 0.02 else 2  # noqa: PLR2004  two digits of the farther end
    ends = (f"{100 * share:+.{digits}f}" for share in (middle, low, high))
    return "{} [{}, {}]".format(*ends).replace("-", "−")


def p_value(value: float | None) -> str:
    """Write a p-value; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"  # noqa: PLR2004  three digits


def difference(row: Difference) -> str:
    """Write the difference with its interval; a dash where there is none."""
    if row.difference is None or row.low is None or row.high is None:
        return "–"
    return points(row.low, row.difference, row.high)


def _table(environment: str, rows: Sequence[Difference]) -> Table:
    title = Text(f"{environment}, {rows[0].variants} variants on both sides", style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    runs = any(row.p_runs is not None for row in rows)
    for heading in ("", "A", "B", "B − A, points", "p", "p (Holm)", *(["p (runs)"] if runs else [])):
        table.add_column(heading, justify="right" if heading else "left", overflow="fold")
    for row in rows:
        values = [row.p, row.p_holm, *([row.p_runs] if runs else [])]
        table.add_row(*map(Text, (row.measure, str(row.a), str(row.b), difference(row), *map(p_value, values))))
    return table


def _coverage(row: Difference) -> str:
    sides = (
        f"{name}: {rate.scored} of {rate.played} scored, {rate.engaged} engaged"
        for name, rate in (("A", row.a), ("B", row.b))
    )
    left_out = f"; {row.left_out} variants of one side only are left out" if row.left_out else ""
    return "; ".join(sides) + left_out


def sentences(found: Comparison) -> Iterator[str]:
    """Say in plain sentences what is shown, what is not, and what no such comparison can show."""
    for row in found.differences:
        if row.measure == _MAIN or (row.p_holm is not None and row.p_holm <= SURE):
            yield sentence(row, "A", "B")
    yield from _limits(found.differences)


def sentence(row: Difference, a: str, b: str) -> str:
    """Say of one measure what its numbers allow to say."""
    if row.difference is None or row.low is None or row.high is None or row.p_holm is None:
        return f"{row.environment}, {row.measure}: nothing can be said. {_missing(row, a, b)}"
    sure = f"p = {p_value(row.p_holm)} after Holm"
    if row.p_holm <= SURE and row.difference:
        more = "more" if row.difference > 0 else "less"
        return (
            f"{row.environment}, {row.measure}: {b} shows it {more} often than {a}, {difference(row)} points, {sure}."
        )
    low, high = (f"{100 * end:+.1f}".replace("-", "−") for end in (row.low, row.high))
    return (
        f"{row.environment}, {row.measure}: no difference is shown ({sure}); "
        f"anything from {low} to {high} points fits what was measured."
    )


def _missing(row: Difference, a: str, b: str) -> str:
    if not row.variants:
        return "No variant was measured on both sides."
    reasons = (f"{name}: {rate.why}" for name, rate in ((a, row.a), (b, row.b)) if rate.why)
    return "; ".join(reasons) + "."


def _limits(rows: Iterable[Difference]) -> Iterator[str]:
    tested = [row for row in rows if row.p is not None]
    if not tested:
        return
    yield f"p is adjusted for {len(tested)} tests. Samples of one variant are taken together, variants are paired."
    if all(row.p_runs is None for row in tested):
        yield (
            "These are the models at hand: whether training again from other seeds would differ too takes two or more "
            "runs on each side (`gameable run PROFILE --seeds 5`, and compare the two folders)."
        )
    else:
        yield "p (runs) takes the runs as units, which says whether other seeds would differ; it is not adjusted."
