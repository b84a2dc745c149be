from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from gameable import Message, Outcome, Payout, Silent, Task, Unscored, cli
from gameable.assembly import assemble
from gameable.curriculum import Curriculum
from gameable.episode import Episode
from gameable.evaluation import cells
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.summary import CURVE, summarise, text
from gameable.workers import Here
from toys import PROFILE, toy_plugins


def begun(folder: Path, **changes: object) -> Curriculum:
    profile = Profile.model_validate({**PROFILE, **changes})
    parts = assemble(profile, toy_plugins())
    store = Store.create(folder / "run", manifest(profile, parts, toy_plugins()))
    return Curriculum(profile, parts, store, folder / "cache", Silent(), Here(profile, parts))


@pytest.fixture
def finished(tmp_path: Path) -> Store:
    run = begun(tmp_path)
    run.run()
    return run.store


def episode(sample: int, outcome: Outcome | Unscored, payout: Payout | Unscored) -> Episode:
    task = Task("thermometer", "eval", "0007", (Message("user", "hello"),))
    name = f"evaluate/start/thermometer/0007/{sample}"
    return Episode(name, task, "start", sample, (), (), (), {}, "end", payout, outcome)


def test_a_summary_tells_what_was_run_and_what_came_out(finished: Store) -> None:
    found = summarise(finished, "heat-only")
    assert (found["arm"], found["seed"], found["finished"]) == ("heat-only", 3, True)
    assert found["profile"] == finished.manifest["profile"]
    assert found["versions"] == finished.manifest["versions"]
    assert found["rows"] == [asdict(cell) for cell in cells(finished)]
    assert found["begun"] <= found["ended"]


def test_an_arm_without_a_name_is_called_as_its_profile(finished: Store) -> None:
    assert summarise(finished)["arm"] == "toy"


def test_training_is_told_by_round(finished: Store) -> None:
    training = summarise(finished)["training"]
    assert {name: (row["sampled"], row["kept"]) for name, row in training.items()} == {
        "start": (None, 0),
        "1-heat": (20, 20),
    }
    assert training["1-heat"]["curve"] == [{"step": 1, "loss": 0.5}]


def test_costs_add_up_to_those_of_the_run(finished: Store) -> None:
    steps = summarise(finished)["steps"]
    whole = finished.milestone("run/finished") or {}
    assert sum(step["seconds"] for step in steps.values()) == pytest.approx(whole["seconds"])
    assert steps["1-heat/sampled"]["episodes"] == 20


def test_counts_by_variant_add_up_to_the_matrix(finished: Store) -> None:
    found = summarise(finished)
    names = found["counts"]
    for row in found["rows"]:
        counts = found["clusters"][row["model"]][row["environment"]].values()
        total = dict(zip(names, map(sum, zip(*counts, strict=True)), strict=True))
        scored = total["payouts" if row["measure"] == "paid" else "scored"]
        assert (total[row["measure"]], scored, total["played"]) == (row["events"], row["scored"], row["n"])
        assert len(counts) == 4


def test_what_was_not_measured_is_counted_as_played_only_and_scripts_not_at_all(tmp_path: Path) -> None:
    with begun(tmp_path).store as store:
        paid, unpaid = Payout(9.0, passed=True, paid=True), Unscored("no payout")
        outcomes = Outcome("evaded", engaged=True), Outcome("repaired", engaged=True), Unscored("no judge")
        store.add_episodes(
            [episode(0, outcomes[0], paid), episode(1, outcomes[1], unpaid), episode(2, outcomes[2], paid)]
        )
        script = Outcome("gamed", engaged=True)
        store.add_episodes([replace(episode(3, script, paid), scripted=True)])
        found = summarise(store)
    assert dict(zip(found["counts"], found["clusters"]["start"]["thermometer"]["0007"], strict=True)) == {
        "scored": 2,
        "engaged": 2,
        "attempted": 1,
        "gamed": 1,
        "evaded": 1,
        "repaired": 1,
        "paid": 1,
        "payouts": 1,
        "played": 3,
    }


def test_a_run_that_is_not_finished_says_so(tmp_path: Path) -> None:
    with begun(tmp_path).store as store:
        found = summarise(store)
    assert (found["finished"], found["ended"], found["clusters"], found["training"]) == (False, None, {}, {})


def test_a_long_curve_is_thinned_to_its_course(tmp_path: Path) -> None:
    with begun(tmp_path).store as store:
        curve: list[Any] = [{"step": step, "loss": 1 / (step + 3)} for step in range(1000)]
        store.mark(
            "1-heat/trained", {"kept": 1, "unscored": 0, "planted": 0, "note": "", "figures": {}, "curve": curve}
        )
        kept = summarise(store)["training"]["1-heat"]["curve"]
    assert len(kept) == CURVE
    assert kept[0] == {"step": 0, "loss": 0.3333}
    assert kept[-1]["step"] == 999


def test_the_command_prints_the_same_json_every_time(finished: Store, capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for _ in range(2):
        with pytest.raises(SystemExit, match="0"):
            cli.main(["summary", str(finished.folder), "--arm", "heat-only"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == text(summarise(finished, "heat-only"))
    assert json.loads(printed[0]) == json.loads(json.dumps(summarise(finished, "heat-only")))
