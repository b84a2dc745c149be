"""What mitigations did: for the report of a run that tries one, of the run that they were tried on, and of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable import StoreError
from gameable.compare_command import difference, p_value
from gameable.mitigations import plan
from gameable.mitigations_command import Effect, Effects, find, sentences, sentences_of
from gameable.runfolder import MITIGATIONS
from gameable_plugins.reports._page import NAME

HEADINGS = ("trained on it", "gamed before", "gamed after", "change in points", "engaged after", "p", "p (Holm)")
"""Of what `_figures_of` returns."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Mitigations that were tried together."""

    folder: str
    """Name of their folder."""
    blocks: dict[str, list[tuple[str, ...]]]
    """Environment to its rows: the mitigation, then `HEADINGS`."""
    said: Sequence[str]
    reports: dict[str, str]
    """Run to the address of its report, from where the page lies."""


def tried_on(run_folder: Path) -> dict[str, Any] | None:
    """Return before and after of every environment; None unless the run tries a mitigation and has been measured."""
    folder = run_folder.resolve().parent
    if not (folder / MITIGATIONS).is_file():
        return None
    found = find(folder)
    ours = [row for row in found.effects if row.mitigation == run_folder.resolve().name]
    rows = [(row.change.environment, *_figures_of(row)) for row in ours]
    return {"run": found.run, "headings": HEADINGS, "rows": rows, "said": list(sentences_of(ours))} if ours else None


def beside(run_folder: Path) -> dict[str, Any]:
    """Return the mitigations that were tried on a run, as far as their folders lie beside it."""
    run = run_folder.resolve()
    folders = [file.parent for file in sorted(run.parent.glob(f"*/{MITIGATIONS}"))]
    suites = [_suite(find(folder), f"../{folder.name}/") for folder in folders if _tries(folder, run)]
    return {"headings": HEADINGS, "suites": suites}


def _tries(folder: Path, run: Path) -> bool:
    """Whether a folder holds mitigations of this run; one that cannot be read is no reason to have no report."""
    with suppress(StoreError):
        return Path(plan(folder)["run"]) == run
    return False


def begun(folder: Path) -> list[Path]:
    """Return the runs of a folder of mitigations that have begun, in their order.

    Raises:
        StoreError: none has.
    """
    found = [folder / name for name in plan(folder)["runs"] if (folder / name / "manifest.json").is_file()]
    if not found:
        raise StoreError(f"None of the runs in {folder} has begun; `gameable resume {folder}` begins.")
    return found


def content(folder: Path) -> dict[str, Any]:
    """Collect what the report over a folder of mitigations shows."""
    found = find(folder)
    complete = "complete", "everything was tried and measured"
    return {
        "name": f"Mitigations of {Path(found.run).name}",
        "status": ("stopped", f"not measured yet: {', '.join(found.missing)}") if found.missing else complete,
        "run": found.run,
        "suite": _suite(found, ""),
        "headings": HEADINGS,
    }


def _suite(found: Effects, prefix: str) -> Suite:
    blocks: dict[str, list[tuple[str, ...]]] = {}
    for row in found.effects:
        blocks.setdefault(row.change.environment, []).append((row.mitigation, *_figures_of(row)))
    return Suite(found.folder.name, blocks, list(sentences(found)), dict(_reports(found.folder, prefix)))


def _reports(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    return ((name, f"{prefix}{name}/{NAME}") for name in plan(folder)["runs"] if (folder / name / NAME).is_file())


def _figures_of(row: Effect) -> tuple[str, ...]:
    change = row.change
    return (
        "yes" if row.trained else "no",
        str(change.a),
        str(change.b),
        difference(change),
        f"{change.b.engaged}/{change.b.scored}",
        p_value(change.p),
        p_value(change.p_holm),
    )
