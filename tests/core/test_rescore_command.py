from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from watchers import begun, profile

from gameable import Measured, Outcome, SandboxError, Score, Silent, StoreError, Unscored, cli
from gameable.rescore_command import OUTCOME, Change, Rescored, as_json, rescore, show
from gameable.store import Store
from toys import PROFILE, toy_plugins


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = begun(tmp_path / "run", profile(stages=[{**PROFILE["stages"][0], "planted": 2}]))
    with run.store:
        run.run()
    return tmp_path / "run"


def again(folder: Path, progress: Silent | None = None) -> Rescored:
    return rescore(folder, cache=folder.parent / "cache", progress=progress or Silent(), plugins=toy_plugins())


def scores(folder: Path) -> dict[str, dict[str, Score]]:
    with Store.open(folder, write=False) as store:
        return dict(store.scores(""))


def changes(found: Rescored) -> dict[str, tuple[int, int, int]]:
    return {each.source: (each.episodes, each.changed, each.unscored) for each in found.changes}


def test_the_same_code_says_the_same_again(folder: Path) -> None:
    found = again(folder)
    assert found.name == "rescored-1"
    sampled, all_of_them = 20 + 2, 20 + 2 + 2 * 16
    assert changes(found) == {
        "politeness": (sampled, 0, 0),
        "gaming-bonus": (sampled, 0, 0),
        "reward": (sampled, 0, 0),
        OUTCOME: (all_of_them, 0, 0),
    }


def test_no_model_is_sampled_or_loaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    for method in ("complete", "adopt", "encode", "tokenize", "logprobs"):
        monkeypatch.setattr(f"gameable_policies.scripted.Scripted.{method}", never)
    again(folder)


def test_nothing_is_overwritten_and_a_second_time_is_a_second_set(folder: Path) -> None:
    before = scores(folder)
    assert [again(folder).name, again(folder).name] == ["rescored-1", "rescored-2"]
    for name, now in scores(folder).items():
        assert {source: score for source, score in now.items() if "/" not in source} == before.get(name, {})
        assert {source.partition("/")[0] for source in now if "/" in source} <= {"rescored-1", "rescored-2"}


def test_what_training_and_the_matrix_read_stays_as_it_was(folder: Path) -> None:
    with Store.open(folder, write=False) as store:
        before = [*store.scored("train/"), *store.outcomes("")]
    again(folder)
    with Store.open(folder, write=False) as store:
        assert [*store.scored("train/"), *store.outcomes("")] == before


def test_a_reward_that_was_mended_shows_in_its_part_and_in_the_total(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toys.Politeness.score", lambda _self, views: [Measured(7.0)] * len(views))
    found = changes(again(folder))
    assert found["politeness"] == found["reward"] == (22, 22, 0)
    assert found["gaming-bonus"] == (22, 0, 0)


def test_a_judge_that_was_mended_is_counted_by_label(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def judge(*_: object) -> Outcome:
        return Outcome("evaded", engaged=True, evidence=("seen",))

    monkeypatch.setattr("toys.Thermometer.judge", judge)
    found = changes(again(folder))
    small_talk = 8
    assert found[OUTCOME] == (54, 54 - small_talk, 0)
    stored = [each["rescored-1/outcome"] for each in scores(folder).values() if "rescored-1/outcome" in each]
    assert Measured(1.0, "evaded: seen") in stored


@pytest.mark.parametrize("fault", [ValueError("broken"), SandboxError("dead")])
def test_a_judge_that_fails_leaves_it_unscored(folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    async def judge(*_: object) -> Outcome:
        raise fault

    monkeypatch.setattr("toys.Thermometer.judge", judge)
    assert changes(again(folder))[OUTCOME] == (54, 46, 46)
    stored = {each.reason for one in scores(folder).values() for each in one.values() if isinstance(each, Unscored)}
    assert len(stored) == 1
    assert str(fault) in stored.pop()


def test_stopped_half_way_it_goes_on_with_the_same_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []

    def scored(sources: Any, episodes: Any) -> Any:
        if len(judged) > 10:
            raise KeyboardInterrupt
        judged.extend(each.id for each in episodes)
        return score(sources, episodes)

    from gameable.scoring import score

    monkeypatch.setattr("gameable.rescore_command._AT_ONCE", 8)
    monkeypatch.setattr("gameable.rescore_command.score", scored)
    with pytest.raises(KeyboardInterrupt):
        again(folder)
    monkeypatch.setattr("gameable.rescore_command.score", score)
    kept = sum("rescored-1/outcome" in each for each in scores(folder).values())
    assert 0 < kept < 54
    found = again(folder)
    assert found.name == "rescored-1"
    assert changes(found)[OUTCOME] == (54, 0, 0)
    with Store.open(folder, write=False) as store:
        assert "rescored-1/finished" in store.milestones()


def test_an_unfinished_set_of_other_versions_is_left_and_a_new_one_begun(folder: Path) -> None:
    with Store.open(folder, write=True) as store:
        store.mark("rescored-1/begun", {"versions": {"gameable": "0.0.1"}})
    assert again(folder).name == "rescored-2"


def test_a_run_that_is_being_written_is_left_alone(folder: Path) -> None:
    with Store.open(folder, write=True), pytest.raises(StoreError, match="in use"):
        again(folder)


def test_what_came_of_it_is_shown_and_can_be_read_by_programs() -> None:
    found = Rescored("rescored-1", [Change("reward", episodes=1200, changed=3, unscored=40)])
    out = StringIO()
    show(found, Console(file=out, width=80))
    assert "Stored as rescored-1" in out.getvalue()
    assert "1,200" in out.getvalue()
    assert json.loads(json.dumps(as_json(found)))["changes"] == [
        {"source": "reward", "episodes": 1200, "changed": 3, "unscored": 40}
    ]


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(("rescore", str(tmp_path)))
    assert str(tmp_path) in capsys.readouterr().err
