"""What a mitigation did, for the report of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gameable.compare_command import difference, p_value
from gameable.mitigations_command import Effect, find, sentences_of
from gameable.runfolder import MITIGATIONS


def tried_on(run_folder: Path) -> dict[str, Any] | None:
    """Return before and after of every environment; None unless the run tries a mitigation and has been measured."""
    folder = run_folder.resolve().parent
    if not (folder / MITIGATIONS).is_file():
        return None
    found = find(folder)
    ours = [row for row in found.effects if row.mitigation == run_folder.resolve().name]
    return {"run": found.run, "rows": [_row(row) for row in ours], "said": list(sentences_of(ours))} if ours else None


def _row(row: Effect) -> dict[str, str]:
    change = row.change
    return {
        "environment": change.environment,
        "trained on it": "yes" if row.trained else "no",
        "gamed before": str(change.a),
        "gamed after": str(change.b),
        "change in points": difference(change),
        "engaged after": f"{change.b.engaged}/{change.b.scored}",
        "p": p_value(change.p),
        "p (Holm)": p_value(change.p_holm),
    }
