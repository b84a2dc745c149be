from __future__ import annotations

from typing import Any

from gameable_plugins.reports._costs import gpu_hours, rows

MILESTONES: dict[str, dict[str, Any]] = {
    "rewards/preference-model": {"pairs": 320, "seconds": 40.0},
    "start/trained": {"seconds": 60.0},
    "start/evaluated": {"seconds": 100.0, "episodes": 30, "tokens": 900},
    "1-heat.1/sampled": {"seconds": 20.0, "episodes": 10, "tokens": 300},
    "1-heat.1/scored": {"seconds": 5.0},
    "1-heat.1/overseen": {"kept": 9, "monitors": {"hot": {"inspected": 10, "seconds": 2.0, "tokens": 70}}},
    "1-heat.1/updated": {"took": 60.0},
    "1-heat.1/trained": {"seconds": 60.0},
    "1-heat/evaluated": {"seconds": 100.0, "episodes": 30, "tokens": 1100},
    "monitors/cold/1": {"monitors": {"cold": {"inspected": 60, "seconds": 3.0, "tokens": 0}}},
}
FINISHED = {"run/finished": {"seconds": 1800.0, "gpus": 2}}


def test_costs_are_added_up_by_kind_of_step() -> None:
    assert rows([MILESTONES]) == [
        ("preparing rewards", "0:00:40", "", ""),
        ("sampling for training", "0:00:20", "10", "300"),
        ("scoring", "0:00:05", "", ""),
        ("training", "0:02:00", "", ""),
        ("evaluating", "0:03:20", "60", "2,000"),
        ("monitors", "0:00:05", "70", "70"),
        ("all", "0:06:30", "140", "2,370"),
    ]


def test_time_is_not_known_where_a_step_was_stopped_and_resumed() -> None:
    stopped = {**MILESTONES, "start/evaluated": {"seconds": None, "episodes": 30, "tokens": 900}}
    found = {what: (time, episodes) for what, time, episodes, _ in rows([stopped])}
    assert found["evaluating"] == ("not known", "60")
    assert found["training"] == ("0:02:00", "")
    assert found["all"] == ("not known", "140")
    assert gpu_hours([{"run/finished": {"seconds": None, "gpus": 2}}]).startswith("not known: a run was stopped")


def test_several_runs_cost_what_they_cost_together() -> None:
    assert rows([MILESTONES, MILESTONES])[-1] == ("all", "0:13:00", "280", "4,740")


def test_a_run_that_has_done_nothing_has_no_costs() -> None:
    assert rows([{}]) == []


def test_gpu_hours_are_time_times_what_was_held() -> None:
    assert gpu_hours([{**MILESTONES, **FINISHED}]) == "1 (2 held at a time, idle or not)"
    assert gpu_hours([FINISHED, FINISHED]).startswith("2 (")


def test_without_a_gpu_there_are_none() -> None:
    assert gpu_hours([{"run/finished": {"seconds": 1800.0, "gpus": 0}}]) == "0: no GPU was there"


def test_gpu_hours_that_were_not_noted_are_no_number() -> None:
    assert gpu_hours([{"run/finished": {"seconds": 1800.0}}]) == "not known: a run did not note its GPUs"
    assert gpu_hours([FINISHED, MILESTONES]) == "not known: a run is not finished yet"
