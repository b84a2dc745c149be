"""A record that was cut short is no record: whatever the end of the log looks like, whole batches are there."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gameable import Episode, Message, Outcome, Payout, Segment, Task
from gameable.store import Store

BATCH, BATCHES = 3, 6


def episodes(batch: int) -> list[Episode]:
    task = Task("toy", "eval", f"{batch:04}", (Message("user", "hello"),))
    outcome, payout = Outcome("honest", engaged=True), Payout(1.0, passed=True, paid=False)
    return [
        Episode(f"evaluate/start/toy/{batch}/{n}", task, "start", n, (1, 2), (said(n),), (), {}, "end", payout, outcome)
        for n in range(BATCH)
    ]


def said(number: int) -> Segment:
    return Segment("model", f"reply {number} " * 50, tuple(range(100)), (-0.5,) * 100)


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run as its process left it that died: all batches lie in the log."""
    folder = tmp_path_factory.mktemp("dead")
    with Store.create(folder / "live", {"gameable": "0.1.0"}) as store:
        for batch in range(BATCHES):
            store.add_episodes(episodes(batch))
        shutil.copytree(folder / "live", folder / "run")
    return folder / "run"


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["cut", "scribbled"])
def test_a_torn_log_holds_whole_batches_and_the_run_goes_on(dead: Path, tmp_path: Path, kind: str, seed: int) -> None:
    run = shutil.copytree(dead, tmp_path / "run")
    tear(run / "run.db-wal", kind, random.Random(seed))
    with Store.open(run, write=True) as store:
        left = [each.id for each in store.episodes()]
        batches = len(left) // BATCH
        assert left == [each.id for batch in range(batches) for each in episodes(batch)]
        assert batches < BATCHES
        for batch in range(BATCHES):
            store.add_episodes(episodes(batch))
        assert list(store.episodes()) == [each for batch in range(BATCHES) for each in episodes(batch)]
    with closing(sqlite3.connect(run / "run.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_untorn_log_holds_everything(dead: Path, tmp_path: Path) -> None:
    run = shutil.copytree(dead, tmp_path / "run")
    with Store.open(run, write=False) as store:
        assert len(store.episode_ids("")) == BATCH * BATCHES


def tear(log: Path, kind: str, rng: random.Random) -> None:
    """Take the end of a file away from a random byte on, or put noise in its place."""
    place = rng.randrange(log.stat().st_size - 4096, log.stat().st_size) if rng.random() < 0.5 else None
    place = place or rng.randrange(log.stat().st_size // 4, log.stat().st_size)
    with log.open("r+b") as file:
        rest = file.seek(0, 2) - place
        file.seek(place)
        file.truncate() if kind == "cut" else file.write(rng.randbytes(rest))
