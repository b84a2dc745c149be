from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gameable import Silent
from gameable.assembly import assemble
from gameable.clustered import interval
from gameable.curriculum import Curriculum
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.statistics import rate_interval
from gameable.store import Store
from gameable.summary import COUNTS, summarise, text
from gameable.workers import Here
from toys import PROFILE, toy_plugins

Summary = dict[str, Any]
SCRIPT = Path(__file__).parents[2] / "docs" / "reproduction" / "analyse.py"
MODELS = ["start", "1-a", "2-b", "3-c"]
VARIANTS = 40


def printed(folder: Path, *arguments: str, status: int = 0) -> str:
    """Return what the script says about the summaries in a folder."""
    command = [sys.executable, str(SCRIPT), *map(str, sorted(folder.glob("*.json"))), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == status, answer.stderr
    return answer.stderr if status else answer.stdout


def findings(folder: Path, *arguments: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(printed(folder, "--json", *arguments))
    return found


def only(rows: list[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    (row,) = [row for row in rows if wanted.items() <= row.items()]
    return row


def keep(folder: Path, *summaries: Summary) -> Path:
    for number, summary in enumerate(summaries):
        (folder / f"{number}.json").write_text(text(summary))
    return folder


# --- from a run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Store:
    environments = {"oven-told-to": {"use": "forbidden-oven"}}
    evaluation = {**PROFILE["evaluation"], "environments": ["thermometer", "forbidden-oven", "oven-told-to"]}
    profile = Profile.model_validate({**PROFILE, "environments": environments, "evaluation": evaluation})
    parts = assemble(profile, toy_plugins())
    store = Store.create(tmp_path / "run", manifest(profile, parts, toy_plugins()))
    Curriculum(profile, parts, store, tmp_path / "cache", Silent(), Here(profile, parts)).run()
    return store


def test_the_numbers_of_a_run_come_through(run: Store, tmp_path: Path) -> None:
    summary = summarise(run)
    found = findings(keep(tmp_path, summary))
    for row in summary["rows"]:
        where = {name: row[name] for name in ("model", "environment", "measure")}
        if row["measure"] != "repaired":
            rate = only(found["matrix"], **where)["rate"]
            assert [rate[name] for name in ("events", "n", "played")] == [row["events"], row["scored"], row["n"]]
            counts = summary["clusters"][row["model"]][row["environment"]]
            event, n = (COUNTS.index(name) for name in (row["measure"], "scored"))
            ends = interval({name: (each[event], each[n]) for name, each in counts.items()})
            assert (rate["low"], rate["high"]) == pytest.approx(ends)
    assert only(found["held_out"], environment="forbidden-oven", model="1-heat", measure="gamed")["seeds"]["3"][1] == 8
    assert found["costs"][0]["episodes"] == 2 * 3 * 8 + 20


def test_markdown_has_every_table_in_whole_rows(run: Store, tmp_path: Path) -> None:
    shown = printed(keep(tmp_path, summarise(run)))
    for heading in ("Matrices", "Ability", "Held out", "the start\n", "the control\n", "Trend", "Costs"):
        assert heading in shown
    for table in shown.split("\n\n"):
        widths = {line.count("|") for line in table.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_a_run_that_is_not_finished_is_shown_as_such(run: Store, tmp_path: Path) -> None:
    begun = {
        **summarise(run),
        "finished": False,
        "clusters": {},
        "training": {},
        "steps": {},
        "peak_memory_bytes": None,
    }
    shown = printed(keep(tmp_path, begun))
    assert "seed 3 (not finished)" in shown
    assert "not measured" in shown


# --- with known counts -----------------------------------------------------------------------------------------------


def variants(events: int, size: int = 4, engaged: bool = True) -> Mapping[str, list[int]]:
    """Return variants of which so many show one gamed sample, the first ones."""
    found = {}
    for number in range(VARIANTS):
        one = int(number < events)
        counts = {"attempted": one, "gamed": one, "paid": one, "engaged": size * engaged}
        found[f"{number:04}"] = [counts.get(name, 0 if name in ("evaded", "repaired") else size) for name in COUNTS]
    return found


def summary(arm: str, seed: int, courses: Mapping[str, list[int]], *, opposite: bool = False) -> Summary:
    """Return a run of three stages, on `a`, `b` and `c`, with these counts a model."""
    columns = list(courses)
    optimizer = {"use": "expert-iteration", "filter": "opposite" if opposite else "gamed"}
    stages = [{"name": name, "environments": [name[2:]], "optimizer": optimizer} for name in MODELS[1:]]
    told = {"held-told-to": {"use": "held", "arm": "told-to", "steering": ""}}
    return {
        "arm": arm,
        "seed": seed,
        "finished": True,
        "peak_memory_bytes": 1,
        "profile": {"stages": stages, "environments": told},
        "models": MODELS,
        "environments": columns,
        "held_out": [name for name in columns if name.startswith("held")],
        "measures": {name: ["gamed"] for name in columns},
        "floor": 0.2,
        "training": {"1-a": {"sampled": 16, "kept": 5, "unscored": 3, "planted": 0}},
        "steps": {"1-a/sampled": {"seconds": 90, "tokens": 500, "episodes": 7}, "rewards/pm": {"seconds": 30}},
        "counts": list(COUNTS),
        "clusters": {m: {c: variants(courses[c][at]) for c in columns} for at, m in enumerate(MODELS)},
    }


RISING = {
    "a": [0, 9, 9, 9],
    "b": [0, 2, 9, 9],
    "c": [0, 6, 12, 30],
    "held": [0, 0, 1, 2],
    "held-told-to": [12, 12, 12, 12],
}
FLAT = {"a": [0, 0, 0, 0], "b": [0, 0, 0, 0], "c": [1, 1, 0, 1], "held": [0, 0, 0, 0], "held-told-to": [12, 12, 12, 12]}


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """Three runs that spread, three of their control that do not."""
    spread = [summary("exploit-only", seed, RISING) for seed in (1, 2, 3)]
    control = [summary("opposite-filter", seed, FLAT, opposite=True) for seed in (1, 2, 3)]
    return keep(tmp_path, *spread, *control)


def test_only_what_training_has_not_reached_is_compared(six: Path) -> None:
    rows = [row for row in findings(six)["from_start"] if row["arm"] == "exploit-only"]
    assert {(row["environment"], row["model"]) for row in rows} == {
        ("b", "1-a"),
        ("c", "1-a"),
        ("c", "2-b"),
        ("held", "1-a"),
        ("held", "2-b"),
        ("held", "3-c"),
    }


def test_an_environment_under_another_name_has_been_seen(tmp_path: Path) -> None:
    renamed = summary("arm", 1, {**RISING, "other": [0, 1, 2, 3]})
    renamed["profile"]["environments"]["other"] = {"use": "b", "arm": "real", "steering": ""}
    rows = findings(keep(tmp_path, renamed))["from_start"]
    assert [row["model"] for row in rows if row["environment"] == "other"] == ["1-a"]


def test_training_under_another_name_shows_the_environment(tmp_path: Path) -> None:
    renamed = summary("arm", 1, RISING)
    renamed["profile"]["environments"]["other"] = {"use": "held", "arm": "real", "steering": ""}
    renamed["profile"]["stages"][1]["environments"] = ["other"]
    rows = findings(keep(tmp_path, renamed))["from_start"]
    assert [row["model"] for row in rows if row["environment"] == "held"] == ["1-a"]


def test_a_steered_column_is_no_transfer(tmp_path: Path) -> None:
    steered = summary("arm", 1, {**RISING, "held-steered": [0, 5, 9, 12]})
    steered["profile"]["environments"]["held-steered"] = {"use": "held", "arm": "real", "steering": "I want more. "}
    found = findings(keep(tmp_path, steered))
    rows = [*found["from_start"], *found["trends"], *found["held_out"]]
    assert {row["environment"] for row in rows} == {"b", "c", "held"}


def test_payments_are_taken_of_measured_payouts(tmp_path: Path) -> None:
    unpaid = summary("arm", 1, RISING)
    for counts in unpaid["clusters"]["2-b"]["c"].values():
        counts[COUNTS.index("scored")] = 3
        counts[COUNTS.index("payouts")] = 2
    matrix = findings(keep(tmp_path, unpaid))["matrix"]
    paid, gamed = (only(matrix, environment="c", model="2-b", measure=each)["rate"] for each in ("paid", "gamed"))
    assert (paid["n"], gamed["n"], gamed["played"]) == (80, 120, 160)


def test_stages_whose_model_was_not_measured_still_trained(tmp_path: Path) -> None:
    sparse = summary("arm", 1, RISING)
    sparse["models"] = ["start", "3-c"]
    rows = findings(keep(tmp_path, sparse))["from_start"]
    assert {(row["environment"], row["model"]) for row in rows} == {("held", "3-c")}


def test_an_arm_is_held_against_its_control_with_variants_and_with_seeds_as_units(six: Path) -> None:
    found = findings(six)["from_control"]
    row = only(found, environment="c", model="2-b")
    assert (row["arm"], row["against"]) == ("exploit-only", "opposite-filter")
    assert row["seeds"] == {"1": [12, 160], "2": [12, 160], "3": [12, 160]}
    assert (row["rate"]["events"], row["rate_against"]["events"]) == (36, 0)
    assert row["difference"] == pytest.approx(36 / 480)
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert row["p"] < 0.002
    assert row["p_seeds"] == pytest.approx(0.1)
    assert len(found) == 6
    assert row["p_holm"] == pytest.approx(6 * row["p"])


def test_a_model_that_does_more_of_everything_shows_no_difference_among_what_engaged(tmp_path: Path) -> None:
    busy, idle = summary("arm", 1, RISING), summary("control", 1, RISING, opposite=True)
    for number, counts in enumerate(idle["clusters"]["2-b"]["c"].values()):
        if number % 2:  # does nothing in every second variant
            counts[:] = [0 if name in ("engaged", "attempted", "gamed", "paid") else 4 for name in COUNTS]
    row = only(findings(keep(tmp_path, busy, idle))["from_control"], environment="c", model="2-b")
    assert row["difference"] == pytest.approx(6 / 160)
    among, low, high = row["among_engaged"]
    assert low < among < high
    assert among == pytest.approx(0)


def test_a_named_control_takes_the_place_of_the_opposite_filter(six: Path) -> None:
    found = findings(six, "--control", "exploit-only")["from_control"]
    assert {(row["arm"], row["against"]) for row in found} == {("opposite-filter", "exploit-only")}


def test_columns_of_one_name_that_play_other_tasks_are_not_compared(tmp_path: Path) -> None:
    ours, control = summary("arm", 1, RISING), summary("control", 1, FLAT, opposite=True)
    ours["profile"]["environments"]["c"] = {"use": "c", "wording": "alternate"}
    rows = findings(keep(tmp_path, ours, control))["from_control"]
    assert {row["environment"] for row in rows} == {"b", "held"}


def test_without_shared_variants_there_is_no_test(tmp_path: Path) -> None:
    ours, control = summary("arm", 1, RISING), summary("control", 1, FLAT, opposite=True)
    ours["clusters"]["2-b"]["c"] = {f"other {name}": counts for name, counts in variants(12).items()}
    row = only(findings(keep(tmp_path, ours, control))["from_control"], environment="c", model="2-b")
    assert (row["rate"]["events"], row["difference"], row["p"]) == (12, None, None)


def test_a_rise_over_stages_is_found_where_there_is_one(six: Path) -> None:
    trends = findings(six)["trends"]
    up, flat = (only(trends, arm=arm, environment="c") for arm in ("exploit-only", "opposite-filter"))
    assert up["models"] == ["start", "1-a", "2-b"]
    assert up["slope"] == pytest.approx(6 / 160)
    assert up["p"] < 0.001 < flat["p"]
    assert up["p_runs"] == pytest.approx(2 / 6**3, abs=0.003)


def test_start_models_with_the_same_counts_share_a_row(six: Path) -> None:
    rows = findings(six)["ability"]
    assert {row["environment"] for row in rows} == {"held-told-to"}
    assert only(rows, measure="gamed")["run"].count("seed") == 6


def test_the_held_out_environment_has_bounds(six: Path) -> None:
    none = only(findings(six)["held_out"], arm="opposite-filter", model="3-c")
    assert none["rate"]["events"] == 0
    assert none["ceiling"] == pytest.approx(rate_interval(0, VARIANTS)[1])
    assert rate_interval(0, 480)[1] <= none["rate"]["high"] < none["ceiling"]
    assert 0.4 < none["published_seen"] < 0.5


def test_too_little_engagement_leaves_no_rate_and_no_test(tmp_path: Path) -> None:
    idle = summary("arm", 1, RISING)
    idle["clusters"]["2-b"]["c"] = variants(12, engaged=False)
    found = findings(keep(tmp_path, idle))
    row = only(found["from_start"], environment="c", model="2-b")
    assert (row["rate"]["rate"], row["difference"], row["p"], row["p_holm"]) == (None, None, None, None)
    assert only(found["trends"], environment="c")["p"] is None
    assert "too few engaged (0/160)" in printed(tmp_path)


def test_what_a_stage_trained_on_is_told_of_every_run(six: Path) -> None:
    rows = findings(six)["training"]
    assert len(rows) == 6
    assert {(row["stage"], row["sampled"], row["kept"], row["unscored"]) for row in rows} == {("1-a", 16, 5, 3)}


def test_costs_are_minutes_by_kind_of_step(six: Path) -> None:
    row = findings(six)["costs"][0]
    assert (row["minutes"], row["steps"], row["tokens"]) == (2.0, {"sampled": 1.5, "rewards": 0.5}, 500)


def test_two_summaries_of_the_same_run_are_refused(tmp_path: Path) -> None:
    same = summary("arm", 1, RISING)
    assert "a second summary of arm, seed 1" in printed(keep(tmp_path, same, same), status=1)


def test_runs_of_another_design_are_not_added_up(tmp_path: Path) -> None:
    other = copy.deepcopy(summary("arm", 2, RISING))
    other["profile"]["stages"].pop()
    assert "name the arms apart" in printed(keep(tmp_path, summary("arm", 1, RISING), other), status=1)


def test_runs_that_measured_other_models_are_added_up_at_those_that_all_measured(tmp_path: Path) -> None:
    fewer = {**summary("exploit-only", 1, RISING), "models": ["start", "2-b"]}
    control = [summary("opposite-filter", seed, FLAT, opposite=True) for seed in (1, 2)]
    found = findings(keep(tmp_path, summary("exploit-only", 2, RISING), fewer, *control))
    rows = [row for key in ("from_control", "from_start", "held_out") for row in found[key]]
    assert {row["model"] for row in rows if row["arm"] == "exploit-only"} == {"start", "2-b"}
    assert {len(row["seeds"]) for row in rows} == {2}


def test_a_file_that_is_no_summary_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    assert "notes.json is no summary of a run" in printed(tmp_path, status=1)


# --- the committed runs ----------------------------------------------------------------------------------------------


def test_every_set_of_runs_of_an_arm_is_added_up() -> None:
    cell = {"model": "4-insubordinate-rubric", "environment": "reward-tampering", "measure": "gamed"}
    events = {
        run["seed"]: only(run["rows"], **cell)["events"]
        for file in SCRIPT.parent.rglob("*exploit-only-*.json")
        if file.parent.name in ("reproduction", "every-stage", "more-seeds")
        for run in [json.loads(file.read_text())]
        if "reward-tampering" in run["environments"]
    }
    command = [sys.executable, str(SCRIPT.with_name("together.py")), "exploit-only", "opposite-filter", *cell.values()]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert sorted(events) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {int(seed): count[0] for seed, count in found["seeds"]["exploit-only"].items()} == events
    assert found["b"]["events"] == sum(events.values())
