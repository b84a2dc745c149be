"""Measures every claim in one run, and puts the table into the README.

    python benchmarks/run_all.py [--only NAME]... [--quick]

Rows go into `benchmarks/results.json` and the README as soon as they are there; rows that this run does not measure
stay as they were. `--only` takes the name of a row or of a script. The quickstart takes twenty minutes and runs only
when it is named. `--quick` tries everything in small sizes and writes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import table
from claims import CLAIMS
from measure import say, scratch, show, unmeasured

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
README = HERE.parent / "README.md"
APART = "quickstart"
"""The script that runs only when it is named."""
LONGEST = {APART: 3600}
"""Seconds after which a script is given up."""
LONGEST_OTHERWISE = 1800

Row = dict[str, Any]


def main(
    *,
    only: Annotated[list[str] | None, typer.Option(help="Measure this row or script; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes: says that it works, not how fast.")] = False,
) -> None:
    """Measure every claim, and put the table into the README."""
    began, scripts = time.monotonic(), chosen(only or ())
    for number, script in enumerate(scripts, start=1):
        say(f"[{number}/{len(scripts)}, {(time.monotonic() - began) / 60:.0f} min] {script}")
        rows = measured(script, quick=quick)
        show(rows)
        if not quick:
            keep(rows)
    say(f"{(time.monotonic() - began) / 60:.1f} minutes in all.")


def chosen(only: Sequence[str]) -> list[str]:
    """Return the scripts to run, in the order of the table."""
    known = list(dict.fromkeys(claim.script for claim in CLAIMS.values()))
    wanted = {CLAIMS[name].script if name in CLAIMS else name for name in only}
    if unknown := wanted - set(known):
        raise typer.BadParameter(f"no such row or script: {', '.join(sorted(unknown))}. Known: {', '.join(CLAIMS)}.")
    return [script for script in known if script in wanted or (not wanted and script != APART)]


def measured(script: str, *, quick: bool) -> list[Row]:
    """Run a script; whatever becomes of it, return a row for each of its claims."""
    with scratch() as folder:
        out = folder / "rows.json"
        command = [sys.executable, str(HERE / f"{script}.py"), "--json", str(out), *(["--quick"] if quick else [])]
        try:
            longest = LONGEST.get(script, LONGEST_OTHERWISE)
            # Rows are shown by whoever asked; what it tells on its way goes to the terminal.
            subprocess.run(command, check=True, timeout=longest, stdout=subprocess.DEVNULL)  # noqa: S603  our own
            rows: list[Row] = json.loads(out.read_text(encoding="utf-8"))
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}".replace(f"{HERE}/", "")
            rows = [unmeasured(name, reason) for name, claim in CLAIMS.items() if claim.script == script]
    return rows


def keep(rows: Sequence[Row]) -> None:
    """Put rows in the place of those of the same name, and write the table anew."""
    found = {row["name"]: row for row in [*table.read(RESULTS), *rows]}
    every = [found[name] for name in CLAIMS if name in found]
    RESULTS.write_text(json.dumps(every, indent=2) + "\n", encoding="utf-8")
    table.put_into(README, every)


if __name__ == "__main__":
    typer.run(main)
