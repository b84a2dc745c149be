"""A real run is killed again and again; here a few times, and 50 by `PYTHONPATH=tests python -m under_fire`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from finished import run_of
from under_fire.campaign import fire
from under_fire.same_end import differences, doubled
from under_fire.target import SHORT

from gameable import Measured
from gameable.store import Store

KILLS = 3


@pytest.mark.timeout(300)
def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_not(tmp_path: Path) -> None:
    result = fire(tmp_path, SHORT, KILLS, seed=1, tell=print)
    assert len(result.hits) == KILLS
    assert result.episodes > 10
    assert (result.lost, result.doubled, result.different) == ([], [], [])


# --- the comparison sees what it is there for ------------------------------------------------------------------------

COUNTS = {"start": {"thermometer": [1, 0], "forbidden-oven": [0, 2]}}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return run_of(tmp_path / "whole", COUNTS)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return run_of(tmp_path / "other", COUNTS)


@contextmanager
def tampered(run: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(run / "run.db")) as db, db:
        yield db


def test_equal_runs_have_no_difference(whole: Path, other: Path) -> None:
    assert differences(whole, other) == []
    assert doubled(other) == []


def test_a_lost_episode_is_seen(whole: Path, other: Path) -> None:
    with tampered(other) as db:
        db.execute("DELETE FROM episode WHERE id = 'evaluate/start/thermometer/0000/0'")
    assert differences(whole, other)[0] == "no episode evaluate/start/thermometer/0000/0"
    assert doubled(other) == ["episodes, bodies, listed: (15, 16, 16)"]


def test_an_episode_with_other_contents_and_one_too_many_are_seen(whole: Path, tmp_path: Path) -> None:
    other = run_of(tmp_path / "other", {"start": {"thermometer": [0, 0], "forbidden-oven": [0, 2, 0]}})
    found = differences(whole, other)
    assert found[0] == "another episode evaluate/start/thermometer/0000/0"
    assert "an episode too many, evaluate/start/forbidden-oven/0002/3" in found
    assert "another matrix" in found


def test_other_scores_and_milestones_are_seen(whole: Path, other: Path) -> None:
    with Store.open(whole, write=True) as left, Store.open(other, write=True) as right:
        for store, loss in ((left, 0.5), (right, 0.6)):
            store.add_scores({"evaluate/start/thermometer/0000/0": {"reward": Measured(loss)}})
            store.mark("start/updated", {"curve": [{"loss": loss}], "took": loss})
    assert differences(whole, other) == [
        "other scores",
        "milestone start/updated: {'curve': [{'loss': 0.6}]} in place of {'curve': [{'loss': 0.5}]}",
    ]


def test_other_weights_and_what_was_left_behind_are_seen(whole: Path, other: Path) -> None:
    for run, weights in ((whole, "1"), (other, "2")):
        (run / "checkpoints" / "start").mkdir(parents=True)
        (run / "checkpoints" / "start" / "model.safetensors").write_text(weights)
    (other / "checkpoints" / "start.scratch").mkdir()
    assert differences(whole, other) == [
        "checkpoints/start/model.safetensors: other bytes",
        "left behind: checkpoints/start.scratch",
    ]
