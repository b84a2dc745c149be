"""One run in this process and the same run on a Ray cluster: `python -m two_replicas MODEL FOLDER`.

It is a program of its own because engines that other tests start change how their process computes. Processes may
still round differently: log-probabilities are compared with a tolerance, and everything else exactly.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gameable import Silent
from gameable.curriculum import Curriculum
from gameable.episode import Episode
from gameable.evaluation import Cell, cells
from gameable.on_ray.cluster import connect
from gameable.on_ray.workers import RayWorkers
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here, Workers
from toys import PROFILE, toy_parts, toy_plugins


def learning(model: Path) -> Profile:
    """A profile that samples from a model, trains it once and measures it before and after."""
    learns = {"epochs": 1, "learning_rate": 1e-3, "batch_size": 4}
    changes = {
        "policy": {"use": "hf", "model": str(model), "dtype": "float32", "device": "cpu"},
        "sampling": {"max_tokens": 24, "in_flight": 5},
        "start": None,
        "stages": [{**PROFILE["stages"][0], "optimizer": {"use": "expert-iteration", "filter": "random", **learns}}],
    }
    return Profile.model_validate({**PROFILE, **changes})


def logprobs(episodes: Sequence[Episode]) -> list[float]:
    return [each for episode in episodes for segment in episode.segments for each in segment.logprobs]


def otherwise(episodes: Sequence[Episode]) -> list[Episode]:
    """Everything about episodes except log-probabilities."""
    return [replace(each, segments=tuple(replace(part, logprobs=()) for part in each.segments)) for each in episodes]


def measure(folder: Path, profile: Profile, workers: Workers) -> tuple[list[Episode], list[Cell]]:
    parts = toy_parts(profile)
    with Store.create(folder, manifest(profile, parts, toy_plugins())) as store, closing(workers):
        Curriculum(profile, parts, store, folder.parent / "cache", Silent(), workers).run()
        return list(store.episodes()), cells(store)


def check(model: Path, folder: Path) -> None:
    """Assert that both runs wrote the same, and that training changed what is written."""
    import torch

    torch.set_num_threads(1)  # as in an actor that has one CPU
    connect("")
    profile = learning(model)
    here, matrix = measure(folder / "here", profile, Here(profile, toy_parts(profile)))
    workers = RayWorkers(profile, toy_parts(profile), folder / "spread", Silent(), partial(toy_parts, profile))
    spread, matrix_of_spread = measure(folder / "spread", profile, workers)
    differing = [a.id for a, b in zip(otherwise(here), otherwise(spread), strict=True) if a != b]
    assert differing == [], differing
    assert logprobs(spread) == pytest.approx(logprobs(here), abs=1e-4)
    assert matrix_of_spread == matrix, (matrix, matrix_of_spread)
    texts = {name: {each.text for each in here if f"/{name}/" in each.id} for name in ("start", "1-heat")}
    assert len(texts["start"]) > 10
    assert texts["start"] != texts["1-heat"]


if __name__ == "__main__":
    check(*map(Path, sys.argv[1:]))
