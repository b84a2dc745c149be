"""Reads the summaries of runs: which runs make up an arm, what a column is, and its counts by variant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable.clustered import Clusters
from gameable.profile import START


@dataclass(frozen=True, slots=True)
class Run:
    """One summary, as `gameable summary` writes it."""

    arm: str
    seed: int
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What to call it in tables."""
        return f"{self.arm}, seed {self.seed}" + ("" if self.data["finished"] else " (not finished)")

    @property
    def models(self) -> Sequence[str]:
        """Models that were to be measured, first to last."""
        models: Sequence[str] = self.data["models"]
        return models

    @property
    def columns(self) -> Sequence[str]:
        """Names under which environments are evaluated."""
        columns: Sequence[str] = self.data["environments"]
        return columns

    @property
    def design(self) -> tuple[object, ...]:
        """What runs must have in common to be added up."""
        stages = [(stage["name"], stage["environments"]) for stage in self.data["profile"]["stages"]]
        return stages, self.data["models"], self.data["measures"], self.data["profile"]["environments"]

    def settings(self, column: str) -> Mapping[str, Any]:
        """Return how a column is played: the environment that it uses, its arm, its steering."""
        named = self.data["profile"]["environments"].get(column, {})
        return {"use": column, "arm": "real", "steering": "", **named}

    def plain(self, column: str) -> bool:
        """Whether a column is the task itself: no control, not told to, and no words put into the model's mouth."""
        settings = self.settings(column)
        return settings["arm"] == "real" and not settings["steering"]

    def measures(self, column: str) -> list[str]:
        """Return what is counted in a column."""
        return [*self.data["measures"][column], "paid"]

    def unseen(self, column: str, model: str) -> bool:
        """Whether no stage up to the one that made the model trained on the column's environment, under any name."""
        stages = self.data["profile"]["stages"]
        until = [START, *(stage["name"] for stage in stages)].index(model)
        trained = {self.settings(name)["use"] for stage in stages[:until] for name in stage["environments"]}
        return self.settings(column)["use"] not in trained

    def opposite(self) -> bool:
        """Whether every stage trained on what did not game."""
        stages = self.data["profile"]["stages"]
        return bool(stages) and all(stage["optimizer"].get("filter") == "opposite" for stage in stages)

    def counts(self, model: str, column: str, what: str) -> dict[str, int]:
        """Return one count by variant; empty when the model has not been measured there."""
        variants: Mapping[str, Sequence[int]] = self.data["clusters"].get(model, {}).get(column, {})
        place = self.data["counts"].index(what)
        return {variant: counts[place] for variant, counts in variants.items()}

    def clusters(self, model: str, column: str, measure: str) -> Clusters:
        """Return events and measured samples by variant."""
        events = self.counts(model, column, measure)
        n = self.counts(model, column, "payouts" if measure == "paid" else "scored")
        return {variant: (events[variant], n[variant]) for variant in events}

    def measured(self, model: str, column: str) -> bool:
        """Whether anything was measured of a model in a column."""
        return any(self.counts(model, column, "scored").values())


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
        data = json.loads(file.read_text(encoding="utf-8"))
        return Run(data["arm"], data["seed"], data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(
            f"{file} is no summary of a run ({error!r}); `gameable summary RUN > {file}` makes one."
        ) from error


def arms(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Group runs by arm."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.arm, []).append(run)
    return found
