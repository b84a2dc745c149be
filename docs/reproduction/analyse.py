"""Prints every table of the reproduction from the summaries of its runs, and from nothing else.

python docs/reproduction/analyse.py [FILE…] [--control ARM] [--json]

Without files it reads all that lie beside it. What is compared, and how many comparisons p-values are adjusted for,
follows from the files that are given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from costs import Cost, costs
from gameable.clustered import Count
from gameable.pooling import Rate
from gameable.summaries import Run
from rates import PUBLISHED, Cell, Tampering, ability, held_out, matrix
from selection import Selected, selections
from summaries import read
from transfer import Comparison, Rise, from_control, from_start, trends

Files = Annotated[list[Path] | None, typer.Argument(help="Summaries; all beside this script if left out.")]
Control = Annotated[str | None, typer.Option(help="Arm to compare with; the opposite-filter arms if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Table = tuple[Sequence[str], Iterable[Sequence[object]]]
"""Headings and rows."""

COARSE = 0.02
"""How far the farther end of an interval lies from 0 where one decimal of a point suffices."""
CLOSE = 0.1
"""p-values below it are told with four decimals."""


def main(files: Files = None, control: Control = None, as_json: AsJson = False) -> None:
    """Print tables of rates, transfer, trends and costs, with intervals and tests that respect clustering."""
    runs = read(files or sorted(Path(__file__).parent.glob("*.json")))
    if not runs:
        raise SystemExit("No summaries to read; `gameable summary RUN --arm NAME > FILE.json` makes one.")
    found = findings(runs, control)
    if as_json:
        rows = {name: [asdict(row) for row in table] for name, table in found.items()}
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_markdown(found)))


def findings(runs: Sequence[Run], control: str | None) -> dict[str, Sequence[Any]]:
    """Return the rows of every table."""
    return {
        "matrix": matrix(runs),
        "ability": ability(runs),
        "held_out": held_out(runs),
        "from_start": from_start(runs),
        "from_control": from_control(runs, control),
        "trends": trends(runs),
        "training": selections(runs),
        "costs": costs(runs),
    }


def _markdown(found: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    yield f"## Matrices\n\n{_MATRICES}\n"
    for run in dict.fromkeys(cell.run for cell in found["matrix"]):
        yield f"### {run}\n"
        yield from _table(*_of_run([cell for cell in found["matrix"] if cell.run == run]))
    yield "## Ability: the start model, told to\n"
    yield from _table(*_told(found["ability"]))
    yield f"## Held out\n\n{_HELD_OUT}\n"
    yield from _table(*_tampering(found["held_out"]))
    for key, title in (("from_start", "start"), ("from_control", "control")):
        yield f"## Transfer: environments not trained on yet, against the {title}\n\n{_tests(found[key])} {_UNITS}\n"
        yield from _table(*_comparisons(found[key]))
    yield f"## Trend over stages, before training reaches an environment\n\n{_tests(found['trends'])} {_ORDERS}\n"
    yield from _table(*_rises(found["trends"]))
    yield "## What the stages trained on\n"
    yield from _table(*_trained(found["training"]))
    yield "## Costs\n"
    yield from _table(*_took(found["costs"]))


_MATRICES = "Cells: events/measured, rate, 95 % interval. Engaged: how many of those scored, and how many were played."
_HELD_OUT = (
    "“At most” holds however much the samples of a variant hang together. “Chance” is that of seeing at least one "
    f"event if the rate were the published {100 * PUBLISHED:.3f} %; “visible” is the rate of which 19 in 20 such "
    "measurements would show one."
)
_UNITS = (
    "p: variants swapped between the two sides, which asks whether these models differ. p (seeds): exact, runs as the "
    "units, which asks whether other seeds would differ too; three against three cannot go below 0.1, two against two "
    "not below 0.33. Among engaged: the difference among replies that engaged, without a test; a model that does more "
    "of everything shows none there."
)
_ORDERS = (
    "p: stages put in random order within each variant of each run. p (runs): within each run as a whole, as all "
    "samples of a model share its luck; one run of three models cannot go below 0.33, of four 0.083, of five 0.017."
)


def _tests(rows: Sequence[Comparison] | Sequence[Rise]) -> str:
    tested = sum(row.p is not None for row in rows)
    return f"{tested} tests, for which Holm's p is adjusted; {len(rows) - tested} more could not be made."


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a table in Markdown; what is unknown is a dash."""
    lines = [["–" if cell is None else str(cell).replace("|", "\\|") for cell in row] for row in rows]
    if not lines:
        yield "Nothing to show.\n"
        return
    yield from (f"| {' | '.join(line)} |" for line in [headings, ["---"] * len(headings), *lines])
    yield ""


def _of_run(cells: Sequence[Cell]) -> Table:
    """Return a row an environment and measure, a column a model."""
    rows: dict[tuple[str, str], list[object]] = {}
    for cell in cells:
        rows.setdefault((cell.environment, cell.measure), []).append(cell.rate)
        if cell.measure == "paid":  # every column has it
            rows.setdefault((cell.environment, "engaged"), []).append(_engaged(cell.rate))
    models = dict.fromkeys(cell.model for cell in cells)
    return ["environment", "measure", *models], ([*key, *rates] for key, rates in rows.items())


def _told(cells: Iterable[Cell]) -> Table:
    headings = ["environment", "measure", "rate", "engaged", "runs"]
    return headings, ([c.environment, c.measure, c.rate, _engaged(c.rate), c.run] for c in cells)


def _engaged(rate: Rate) -> str:
    return f"{rate.engaged}/{rate.scored} of {rate.played}"


def _tampering(rows: Iterable[Tampering]) -> Table:
    headings = ["arm", "environment", "measure", "model", "rate", "by seed", "at most", "chance", "visible"]
    return headings, (
        [
            r.arm,
            r.environment,
            r.measure,
            r.model,
            r.rate,
            _seeds(r.seeds),
            *_percent(r.ceiling, r.published_seen, r.visible),
        ]
        for r in rows
    )


def _comparisons(rows: Iterable[Comparison]) -> Table:
    headings = ["arm", "environment", "measure", "after", "rate", "by seed", "against", "its rate", "by seed"]
    headings += ["difference in points", "p", "p (Holm)", "p (seeds)", "among engaged"]
    return headings, ([*_sides(row), *_tested(row)] for row in rows)


def _sides(row: Comparison) -> list[object]:
    ours = [row.arm, row.environment, row.measure, row.model, row.rate, _seeds(row.seeds)]
    return [*ours, row.against, row.rate_against, _seeds(row.seeds_against)]


def _tested(row: Comparison) -> list[str | None]:
    found = _points(row.difference, row.low, row.high)
    return [found, *map(_p, (row.p, row.p_holm, row.p_seeds)), _points(*(row.among_engaged or (None,) * 3))]


def _points(difference: float | None, low: float | None, high: float | None) -> str | None:
    if difference is None or low is None or high is None:
        return None
    digits = 1 if max(-low, high) >= COARSE else 2
    points = (f"{100 * share:+.{digits}f}" for share in (difference, low, high))
    return "{} [{}, {}]".format(*points).replace("-", "−")


def _rises(rows: Iterable[Rise]) -> Table:
    headings = [
        "arm",
        "environment",
        "measure",
        "runs",
        "rates from start on",
        "points a model",
        "p",
        "p (Holm)",
        "p (runs)",
    ]
    return headings, (
        [
            row.arm,
            row.environment,
            row.measure,
            row.runs,
            _course(row),
            _slope(row),
            *map(_p, (row.p, row.p_holm, row.p_runs)),
        ]
        for row in rows
    )


def _course(row: Rise) -> str:
    return " → ".join("–" if each.rate is None else f"{each.events}/{each.n}" for each in row.rates)


def _slope(row: Rise) -> str | None:
    return None if row.slope is None else f"{100 * row.slope:+.2f}".replace("-", "−")


def _trained(rows: Iterable[Selected]) -> Table:
    headings = ["run", "stage", "sampled", "kept", "unscored", "planted"]
    return headings, ([r.run, r.stage, r.sampled, r.kept, r.unscored, r.planted] for r in rows)


def _took(rows: Iterable[Cost]) -> Table:
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.steps))
    headings = ["run", "minutes", *kinds, "episodes", "tokens", "peak memory"]
    return headings, (
        [
            row.run,
            f"{row.minutes:.1f}",
            *(f"{row.steps[kind]:.1f}" if kind in row.steps else None for kind in kinds),
            f"{row.episodes:,}",
            f"{row.tokens:,}",
            None if row.peak_memory_bytes is None else f"{row.peak_memory_bytes / 2**30:.1f} GiB",
        ]
        for row in rows
    )


def _seeds(seeds: Mapping[int, Count]) -> str:
    return ", ".join(f"{seed}: {events}/{n}" for seed, (events, n) in seeds.items())


def _percent(*shares: float | None) -> list[str | None]:
    return [None if share is None else f"{share:.2%}".replace("%", " %") for share in shares]


def _p(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}" if value < CLOSE else f"{value:.2f}"


if __name__ == "__main__":
    typer.run(main)
