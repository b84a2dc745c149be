"""The tiny model on a Ray cluster of two: what a backend that repeats itself only in the same batch needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from gameable import Silent
from gameable.curriculum import Curriculum
from gameable.episode import Episode
from gameable.evaluation import Cell, cells
from gameable.on_ray.workers import RayWorkers
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here, Workers
from toys import PROFILE, toy_parts, toy_plugins


def measure(folder: Path, profile: Profile, workers: Workers) -> tuple[list[Episode], list[Cell]]:
    parts = toy_parts(profile)
    with Store.create(folder, manifest(profile, parts, toy_plugins())) as store, closing(workers):
        Curriculum(profile, parts, store, folder.parent / "cache", Silent(), workers).run()
        return list(store.episodes()), cells(store)


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """As in an actor that has one CPU: threads share sums, and so round, in their own way."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("_one_thread", "ray_of_two")
def test_two_replicas_write_what_one_process_writes_before_and_after_training(tiny: Path, tmp_path: Path) -> None:
    learns = {"epochs": 1, "learning_rate": 1e-3, "batch_size": 4}
    changes = {
        "policy": {"use": "hf", "model": str(tiny), "dtype": "float32", "device": "cpu"},
        "sampling": {"max_tokens": 24, "in_flight": 5},
        "start": None,
        "stages": [{**PROFILE["stages"][0], "optimizer": {"use": "expert-iteration", "filter": "random", **learns}}],
    }
    profile = Profile.model_validate({**PROFILE, **changes})
    here = measure(tmp_path / "here", profile, Here(profile, toy_parts(profile)))
    workers = RayWorkers(profile, toy_parts(profile), tmp_path / "spread", Silent(), partial(toy_parts, profile))
    assert measure(tmp_path / "spread", profile, workers) == here
    texts = {model: {each.text for each in here[0] if f"/{model}/" in each.id} for model in ("start", "1-heat")}
    assert len(texts["start"]) > 10
    assert texts["start"] != texts["1-heat"]
