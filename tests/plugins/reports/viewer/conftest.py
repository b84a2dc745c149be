from __future__ import annotations

from pathlib import Path

import pytest
from viewed import ATTACK, fill, manifest

from gameable.store import Store


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: 120 episodes, an attack, two seeds, and a damaged one."""
    folder = tmp_path_factory.mktemp("viewer") / "runs"
    with Store.create(folder / "toy run", manifest("toy")) as store:
        fill(store, 120)
        store.mark("run/finished", {"seconds": 1.5, "peak_memory_bytes": 2**30})
    with Store.create(folder / "attack", manifest(ATTACK)) as store:
        fill(store, 1, ATTACK)
        store.mark(ATTACK, {"note": ATTACK})
    for seed in (1, 2):
        Store.create(folder / "many" / f"seed-{seed}", manifest(f"seeded {seed}", f"2026-01-0{seed}")).close()
    (folder / "broken").mkdir()
    (folder / "broken" / "manifest.json").write_text("{")
    return folder
