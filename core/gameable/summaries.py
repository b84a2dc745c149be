"""Reads measured runs back: what a column is, which models training had taken where, and counts by variant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable.clustered import Clusters
from gameable.errors import StoreError
from gameable.profile import START
from gameable.runfolder import SEEDS, seeds_begun
from gameable.store import Store
from gameable.summary import summarise

TASK = {"use", "steering", "explored"}
"""Settings of a column that are not options of its environment."""


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
        """What runs must have in common to be added up, at the models that all of them measured."""
        stages = [(stage["name"], stage["environments"]) for stage in self.data["profile"]["stages"]]
        return stages, self.data["measures"], self.data["profile"]["environments"]

    def settings(self, column: str) -> Mapping[str, Any]:
        """Return how a column is played: the environment that it uses, its arm, its steering."""
        named = self.data["profile"]["environments"].get(column, {})
        return {"use": column, "arm": "real", "steering": "", **named}

    def task(self, column: str) -> Mapping[str, Any]:
        """Return what decides the variants of a column: the environment with its options, and the prompt style."""
        settings = self.settings(column)
        options = {name: value for name, value in settings.items() if name not in TASK}
        return {**options, "use": settings["use"], "prompt": self.data["profile"].get("prompt")}

    def plain(self, column: str) -> bool:
        """Whether a column is the task itself: no control, not told to, and no words put into the model's mouth."""
        settings = self.settings(column)
        return settings["arm"] == "real" and not settings["steering"]

    def measures(self, column: str) -> list[str]:
        """Return what is counted in a column."""
        return [*self.data["measures"][column], "paid"]

    def unseen(self, column: str, model: str) -> bool:
        """Whether no stage up to the one that made the model trained on the column's environment, under any name."""
        stages = self.data["profile"]["stages"][: self.age(model)]
        trained = {self.settings(name)["use"] for stage in stages for name in stage["environments"]}
        return self.settings(column)["use"] not in trained

    def first_trained(self, column: str) -> str | None:
        """Return the first of the models to be measured that has been trained on the column's environment, if any."""
        return next((model for model in self.models if not self.unseen(column, model)), None)

    def age(self, model: str) -> int:
        """Return how many stages a model has been through."""
        return [START, *(stage["name"] for stage in self.data["profile"]["stages"])].index(model)

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


def shared_models(runs: Sequence[Run]) -> list[str]:
    """Return the models that every one of these runs was to measure, first to last."""
    return [model for model in runs[0].models if all(model in run.models for run in runs)]


def unseen_models(runs: Sequence[Run], column: str) -> list[str]:
    """Return those of the shared models that training had not taken to the column's environment yet."""
    return [model for model in shared_models(runs) if runs[0].unseen(column, model)]


def read(place: Path) -> list[Run]:
    """Read a run folder, a folder with the runs of several seeds, or a file that `gameable summary` wrote.

    Of several seeds, those that have begun are read, in the order of their seeds.

    Raises:
        StoreError: it is none of these.
    """
    if place.is_file():
        return [from_file(place)]
    if (place / SEEDS).is_file():
        return [_from_folder(run) for run in seeds_begun(place)]
    return [_from_folder(place)]


def from_file(file: Path) -> Run:
    """Read a summary.

    Raises:
        StoreError: the file is none.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Run(data["arm"], data["seed"], data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{file} is no summary of a run ({error!r}); `gameable summary RUN > {file}` makes one."
        ) from error


def _from_folder(folder: Path) -> Run:
    with Store.open(folder, write=False) as store:
        return of(store)


def of(store: Store) -> Run:
    """Read an open run."""
    data = summarise(store)
    return Run(data["arm"], data["seed"], data)
