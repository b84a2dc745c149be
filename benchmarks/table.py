"""Shows results as the table of the README, between two markers.

python benchmarks/table.py    # after results.json was changed by other means
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claims import CLAIMS

BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
"""The table stands between these two lines."""


def read(results: Path) -> list[dict[str, Any]]:
    """Return the rows of a results file; none where there is no such file."""
    rows: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8")) if results.exists() else []
    return rows


def put_into(page: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the table between the markers of a page.

    Raises:
        ValueError: the page lacks them.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {BEGIN} and {END}, between which the table stands.")
    page.write_text(f"{before}{BEGIN}\n{render(rows)}\n{END}{after}", encoding="utf-8")


def render(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table as Markdown: every claim, measured or not, and what it was measured on."""
    found = {row["name"]: row for row in rows}
    lines = ["| what | against | target | ratio (spread, n) | |", "|---|---|---|---|---|"]
    lines += [_line(name, found.get(name)) for name in CLAIMS]
    return "\n".join([*lines, "", *_machines(rows)]).rstrip()


def _line(name: str, row: dict[str, Any] | None) -> str:
    claim = CLAIMS[name]
    target = f"{'≥' if claim.bound == 'at least' else '≤'} {claim.target:g} {claim.unit}".rstrip()
    return f"| {claim.what} | {claim.against} | {target} | {_measured(row)} |"


def _measured(row: dict[str, Any] | None) -> str:
    """Return the last two cells of a row."""
    if row is None:
        return "not measured yet |"
    if row["ratio"] is None:
        return f"not measured | {row['note']}"
    low, high = row["spread"]
    spread = f"{low:g} to {high:g}, n = {row['n']}" if row["n"] > 1 else "n = 1"
    return f"{row['ratio']:g} ({spread}) | **{'met' if row['met'] else 'missed'}**. {row['note']}".rstrip()


def _machines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say where and when; more than one line where rows come from several runs."""
    return sorted({_where(row) for row in rows})


def _where(row: dict[str, Any]) -> str:
    machine, versions = row["machine"], row["versions"]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured {row['measured']} on {machine['cores']} cores of {machine['cpu']}, {machine['memory_gib']} GiB; "
        f"{packages}."
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    put_into(here.parent / "README.md", read(here / "results.json"))
