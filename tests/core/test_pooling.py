from __future__ import annotations

from pathlib import Path

import pytest
from finished import run_of

from gameable.clustered import interval
from gameable.pooling import Group
from gameable.summaries import read


def group(where: Path, *counts: list[int]) -> Group:
    for seed, gamed in enumerate(counts):
        run_of(where / f"seed-{seed}", {"start": {"thermometer": gamed}}, seed=seed)
    where.joinpath("seeds.json").write_text("{}")
    return Group(read(where), "start")


def test_an_interval_between_seeds_takes_the_runs_as_what_is_independent(tmp_path: Path) -> None:
    found = group(tmp_path, [1, 0, 2], [4, 4, 3], [0, 0, 1]).between("thermometer", "gamed")
    assert found == pytest.approx(interval({"0": (3, 12), "1": (11, 12), "2": (1, 12)}))


def test_seeds_that_differ_more_widen_it(tmp_path: Path) -> None:
    alike = group(tmp_path / "alike", [2, 1, 1], [1, 2, 1], [1, 1, 2]).between("thermometer", "gamed")
    unlike = group(tmp_path / "unlike", [4, 4, 4], [0, 0, 0], [0, 0, 0]).between("thermometer", "gamed")
    assert alike is not None
    assert unlike is not None
    assert unlike[1] - unlike[0] > alike[1] - alike[0]


@pytest.mark.parametrize("counts", [[[1, 2]], [[0, 0], [0, 0]], [[4, 4], [4, 4]]])
def test_one_seed_or_seeds_without_spread_have_none(tmp_path: Path, counts: list[list[int]]) -> None:
    assert group(tmp_path, *counts).between("thermometer", "gamed") is None


def test_seeds_are_read_in_their_order_as_far_as_they_have_begun(tmp_path: Path) -> None:
    for seed in (10, 9, 2):
        run_of(tmp_path / f"seed-{seed}", {}, seed=seed)
    (tmp_path / "seed-11").mkdir()
    (tmp_path / "seeds.json").write_text("{}")
    assert [run.seed for run in read(tmp_path)] == [2, 9, 10]
