"""One run in this process and the same run on a Ray cluster: `python -m two_replicas MODEL FOLDER`.

It is a program of its own because engines that other tests start change how their process computes and so rounds. For
the same reason one episode at a time is in flight: how a row is rounded depends on the rows that share its batch.
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from pathlib import Path

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
        "sampling": {"max_tokens": 24, "in_flight": 1},
        "start": None,
        "stages": [{**PROFILE["stages"][0], "optimizer": {"use": "expert-iteration", "filter": "random", **learns}}],
    }
    return Profile.model_validate({**PROFILE, **changes})


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
    here = measure(folder / "here", profile, Here(profile, toy_parts(profile)))
    workers = RayWorkers(profile, toy_parts(profile), folder / "spread", Silent(), partial(toy_parts, profile))
    assert measure(folder / "spread", profile, workers) == here
    texts = {name: {each.text for each in here[0] if f"/{name}/" in each.id} for name in ("start", "1-heat")}
    assert len(texts["start"]) > 10
    assert texts["start"] != texts["1-heat"]


if __name__ == "__main__":
    check(*map(Path, sys.argv[1:]))
