"""Reads the summaries of runs, and which of them make up an arm."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gameable import StoreError
from gameable.summaries import Run, from_file


def read(files: Iterable[Path]) -> list[Run]:
    """Read summaries, in order of arm and seed.

    Raises:
        SystemExit: a file is no summary, two tell of the same arm and seed, or runs of one arm differ in design.
    """
    found: dict[tuple[str, int], Run] = {}
    for file in files:
        run = _read(file)
        if (run.arm, run.seed) in found:
            raise SystemExit(f"{file}: a second summary of {run.name}; name the arms apart with --arm.")
        found[run.arm, run.seed] = run
    runs = [found[key] for key in sorted(found)]
    for arm, members in arms(runs).items():
        if any(run.design != members[0].design for run in members):
            raise SystemExit(f"The runs of arm '{arm}' have other stages or columns; name the arms apart with --arm.")
    return runs


def _read(file: Path) -> Run:
    try:
        return from_file(file)
    except StoreError as error:
        raise SystemExit(str(error)) from error


def arms(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Group runs by arm."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.arm, []).append(run)
    return found
