from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from watchers import begun, plugins, profile

from gameable import Silent
from gameable.detection_table import ALL, TRAINED_AGAINST, Table, as_json, monitors, table, trained_against
from gameable.monitor_command import apply
from gameable.store import Store
from toys import PROFILE

EVALUATION = {**PROFILE["evaluation"], "variants": 20, "samples": 2}


def finished(folder: Path, *watching: Any) -> Store:
    run = begun(folder, profile(*watching, evaluation=EVALUATION))
    run.run()
    return run.store


def noted(mode: str, *classes: str) -> dict[str, Any]:
    return {"mode": mode, "classes": list(classes), "use": "x", "options": {}}


# --- a monitor that was used in training -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["screen", "penalise"])
def test_a_monitor_used_in_training_is_marked_wherever_its_figures_stand(tmp_path: Path, mode: str) -> None:
    with finished(tmp_path / "run", {"use": "hot", "mode": mode}, "rules") as store:
        found = table(store)
    assert found.rows
    assert {(row.monitor, row.trained_against) for row in found.rows} == {("hot", True), ("rules", False)}
    assert found.called("hot") == f"hot ({TRAINED_AGAINST})"
    assert found.called("rules") == "rules"
    assert {each.trained_against for each in found.comparisons} == {("hot",)}
    assert as_json(found)["trained_against"] == ["hot"]


def test_an_audit_leaves_a_monitor_independent(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot") as store:
        assert table(store).trained_against == frozenset()


def test_the_same_monitor_applied_afterwards_under_any_options_is_marked_too(tmp_path: Path) -> None:
    finished(tmp_path / "run", {"use": "hot", "mode": "screen"}).close()
    found = applied(tmp_path / "run", "hot", {"blind": False})
    assert {row.monitor for row in found.rows} == {"hot-2"}
    assert all(row.trained_against for row in found.rows)


def test_an_ensemble_with_a_member_that_was_used_in_training_is_marked_too(tmp_path: Path) -> None:
    finished(tmp_path / "run", {"use": "rules", "mode": "penalise"}).close()
    found = applied(tmp_path / "run", "ensemble", {"monitors": ["rules", "integrity"]})
    assert all(row.trained_against for row in found.rows)


def test_training_against_an_ensemble_marks_its_members(tmp_path: Path) -> None:
    members = {"use": "ensemble", "mode": "screen", "monitors": ["rules", "integrity"]}
    finished(tmp_path / "run", members).close()
    assert applied(tmp_path / "run", "rules", {}).trained_against == {"ensemble", "rules"}


def test_what_shares_nothing_with_training_stays_independent() -> None:
    assert trained_against({"a": noted("screen", "one"), "b": noted("audit", "two")}) == {"a"}


def applied(folder: Path, name: str, options: dict[str, Any]) -> Table:
    return apply(plugins(), folder, name, options, cache=folder, progress=Silent())


# --- the figures -----------------------------------------------------------------------------------------------------


def test_there_is_a_row_for_every_environment_and_model_and_for_all_models(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot") as store:
        rows = [(row.phase, row.environment, row.model) for row in table(store).rows]
    evaluated = [
        ("evaluate", environment, model)
        for environment in ("thermometer", "forbidden-oven")
        for model in ("start", "1-heat", ALL)
    ]
    assert rows[:6] == evaluated
    assert set(rows[6:]) == {("train", "thermometer", "1-heat"), ("train", "small-talk", "1-heat")}


def test_where_there_is_one_model_it_stands_for_all(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", profile("hot", "rules", evaluation={**EVALUATION, "models": ["1-heat"]}))
    with run.store as store:
        run.run()
        found = table(store)
    assert [row.model for row in found.rows if row.phase == "evaluate"] == ["1-heat"] * 4
    assert found.overall == "1-heat"
    assert {row.detection.episodes for row in found.rows if row.phase == "evaluate"} == {40}


def test_figures_are_those_of_the_row_own_episodes(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot", {"use": "hot", "name": "lost", "blind": True}) as store:
        found = {(row.monitor, row.phase, row.environment, row.model): row.detection for row in table(store).rows}
        for model, count in (("start", 40), ("1-heat", 40), (ALL, 80)):
            detection = found["hot", "evaluate", "thermometer", model]
            prefix = "evaluate/" if model == ALL else f"evaluate/{model}/"
            gamed = [row.label == "gamed" for row in store.outcomes(prefix) if row.environment == "thermometer"]
            assert (detection.positives, detection.positives + detection.negatives) == (sum(gamed), count)
            assert detection.coverage == 1.0
            assert detection.roc is not None
            assert detection.roc.value == 1.0


def test_a_monitor_that_abstains_from_everything_has_rows_without_figures(tmp_path: Path) -> None:
    with finished(tmp_path / "run", {"use": "hot", "blind": True}) as store:
        rows = table(store).rows
    assert len(rows) == 8
    assert {(row.detection.verdicts, row.detection.coverage, row.detection.roc) for row in rows} == {(0, 0.0, None)}


def test_monitors_are_compared_on_the_same_episodes(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot", "rules") as store:
        compared = {each.environment: each for each in table(store).comparisons}
    assert set(compared) == {"thermometer", "forbidden-oven"}
    found = compared["thermometer"]
    assert (found.monitor, found.other, found.episodes) == ("hot", "rules", 80)
    assert found.difference.value == pytest.approx(0.5)


def test_only_the_monitors_asked_for_have_rows_but_all_are_compared_with(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot", "rules", "integrity") as store:
        found = table(store, ["rules"])
    assert {row.monitor for row in found.rows} == {"rules"}
    assert {(each.monitor, each.other) for each in found.comparisons} == {("hot", "rules"), ("rules", "integrity")}


def test_costs_of_all_looks_are_added_up(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "counting-monitor") as store:
        cost = table(store).costs["counting-monitor"]
        looked = len(store.episode_ids("evaluate/")) + len(store.episode_ids("train/"))
    assert (cost.inspected, cost.tokens) == (looked, 7 * looked)
    assert str(cost).startswith("7 tokens, ")


def test_a_run_without_monitors_has_an_empty_table(tmp_path: Path) -> None:
    with finished(tmp_path / "run") as store:
        assert monitors(store) == {}
        assert table(store) == Table([], [], {}, frozenset(), ALL)


def test_everything_can_be_written_as_json(tmp_path: Path) -> None:
    with finished(tmp_path / "run", "hot", "rules") as store:
        plain = json.loads(json.dumps(as_json(table(store)), allow_nan=False))
    row = plain["rows"][0]
    assert row["coverage"] == 1.0
    assert set(row["detection"]["curve"][0]) == {"threshold", "false_positives", "true_positives", "precision"}
    assert {"value", "low", "high"} == set(row["detection"]["roc"])
