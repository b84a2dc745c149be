"""Adds up the seeds of two arms over all sets of runs of the last design, and compares them in one cell of the matrix.

python docs/reproduction/together.py ARM CONTROL MODEL COLUMN MEASURE
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from gameable.comparison import of_column
from gameable.pooling import Group
from gameable.summaries import Run
from summaries import read

SETS = {"": "", "every-stage": "", "more-seeds": "*-"}
"""Folders with runs of the last design, and what stands before the name of an arm there."""


def main(arm: str, control: str, model: str, column: str, measure: str) -> None:
    """Print the counts of each seed, both rates, their difference and its p-values, as JSON."""
    a, b = (Group(_runs(name, model, column), model) for name in (control, arm))
    if not a.runs or not b.runs:
        raise SystemExit(f"No run of {arm} or none of {control} measured {model} on {column}.")
    (found,) = of_column(a, b, column, [measure])
    seeds = {control: a.seeds(column, measure), arm: b.seeds(column, measure)}
    sys.stdout.write(json.dumps({"seeds": seeds, **asdict(found)}, indent=1) + "\n")


def _runs(arm: str, model: str, column: str) -> list[Run]:
    here = Path(__file__).parent
    files = [file for name, before in SETS.items() for file in (here / name).glob(f"{before}{arm}-[0-9]*.json")]
    return sorted((run for run in read(files) if run.measured(model, column)), key=lambda run: run.seed)


if __name__ == "__main__":
    typer.run(main)
