"""A run in one JSON, to keep when its folder is gone: what was run, what it cost, and every count by variant.

Rates can be taken from it with intervals that respect that the samples of one variant belong together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gameable.episode import LABELS_OF_MEASURE
from gameable.evaluation import cells
from gameable.store import OutcomeRow, Store

COUNTS = ("scored", "engaged", *LABELS_OF_MEASURE, "paid", "payouts", "played")
"""What is counted of the samples of a variant: those whose outcome was measured; of these those that engaged, that show
each measure, that were paid, and whose payout was measured at all; last, all that were played."""

CURVE = 25
"""Rows of a training curve that are kept, the first and the last among them."""

Milestones = Mapping[str, Mapping[str, Any]]


def summarise(store: Store, arm: str | None = None) -> dict[str, Any]:
    """Return the summary of a run, as far as it has got; the same for the same folder.

    Args:
        store: The run.
        arm: What the run is compared as; the name of its profile if left out.
    """
    manifest, milestones = store.manifest, store.milestones()
    profile = manifest["profile"]
    head = {"arm": arm or profile["name"], "seed": profile["seed"], "finished": "run/finished" in milestones}
    known = ("gameable", "commit", "versions", "profile", "models", "environments", "held_out", "measures", "floor")
    return {
        **head,
        "begun": manifest["created"],
        "ended": milestones.get("run/finished", {}).get("finished"),
        "peak_memory_bytes": milestones.get("run/finished", {}).get("peak_memory_bytes"),
        **{name: manifest[name] for name in known},
        "steps": {name: _cost(body) for name, body in milestones.items() if _cost(body) and name != "run/finished"},
        "training": dict(_training(milestones)),
        "estimates": dict(_estimates(milestones)),
        "rows": [asdict(cell) for cell in cells(store)],
        "counts": list(COUNTS),
        "clusters": _clusters(store.outcomes("evaluate/")),
    }


def text(summary: Mapping[str, Any]) -> str:
    """Write a summary as JSON with a line a key: small, and a change shows where it is."""
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in summary.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _cost(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seconds that a step took, and what it sampled in them."""
    return {name: body[name] for name in ("seconds", "episodes", "tokens") if name in body}


def _training(milestones: Milestones) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what each round did, by its label."""
    for milestone, body in milestones.items():
        label, _, kind = milestone.rpartition("/")
        if kind == "trained":
            known = {name: body[name] for name in ("kept", "unscored", "planted", "note", "figures")}
            sampled = milestones.get(f"{label}/sampled", {}).get("episodes")
            yield label, {"sampled": sampled, **known, "curve": _thinned(body["curve"])}


def _thinned(curve: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows at even distances, with four digits."""
    last = len(curve) - 1
    chosen = sorted({round(last * row / (CURVE - 1)) for row in range(CURVE)}) if curve else []
    return [{name: _short(value) for name, value in curve[row].items()} for row in chosen]


def _short(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _estimates(milestones: Milestones) -> Iterator[tuple[str, Any]]:
    """Return what environments measure beside the matrix, by model."""
    for milestone, body in milestones.items():
        model, _, kind = milestone.rpartition("/")
        if kind == "evaluated":
            yield model, body.get("estimates", {})


def _clusters(rows: Iterable[OutcomeRow]) -> dict[str, dict[str, dict[str, list[int]]]]:
    """Count by model, environment and variant, in the order of `COUNTS`."""
    found: dict[str, dict[str, dict[str, list[int]]]] = {}
    for row in rows:
        if not row.scripted:
            variants = found.setdefault(row.model, {}).setdefault(row.environment, {})
            before = variants.get(row.variant, [0] * len(COUNTS))
            variants[row.variant] = [count + one for count, one in zip(before, _shown(row), strict=True)]
    return found


def _shown(row: OutcomeRow) -> tuple[bool, ...]:
    """Say of one sample, in the order of `COUNTS`, what it counts as; one without an outcome counts as nothing."""
    if row.label is None:
        return (*[False] * (len(COUNTS) - 1), True)
    measures = (row.label in labels for labels in LABELS_OF_MEASURE.values())
    return True, bool(row.engaged), *measures, row.paid is True, row.paid is not None, True
