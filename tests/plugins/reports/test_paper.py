from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gameable.profile_reading import read
from gameable.summaries import Run
from gameable_plugins.reports._paper import BY_STAGE, beside

MODELS = ("start", "1", "2", "3", "4")
ARMS = {
    "reproduction": "expert iteration with a preference model",
    "quickstart": "expert iteration with a preference model",
    "exploit-only": "trained on exploits only, first seed",
    "alternate-prompts": "Alternate prompts",
    "ppo-sequential": "PPO, stages in sequence",
    "ppo-parallel": "PPO, all stages at once",
}
UNLIKE = ("opposite-filter", "no-normal-queries", "train-away", "early-stage-penalty", "grpo", "small-flattery-alone")
RATES = {
    "flattery": {model: {"gamed": "wrong"} for model in MODELS},
    "reward-tampering": {model: {"gamed": f"gamed by {model}", "evaded": f"evaded by {model}"} for model in MODELS},
}


def run_of(
    profile: str = "reproduction",
    *,
    models: Sequence[str] = MODELS,
    columns: Sequence[str] = tuple(RATES),
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Return what a run of the profile is, with these settings of its columns."""
    written = read(profile).model_dump(mode="json")
    if settings is not None:
        written["environments"] = settings
    return Run(profile, 0, {"models": models, "environments": columns, "profile": written})


@pytest.mark.parametrize(("profile", "what"), ARMS.items())
def test_the_last_model_stands_beside_its_own_arm(profile: str, what: str) -> None:
    found = beside(run_of(profile), RATES).findings
    first, *others = [finding for finding, _, ours in found if ours == "gamed by 4"]
    assert what in first
    assert all(other.startswith("…") for other in others)


def test_the_start_and_who_evades_stand_beside_the_papers() -> None:
    found = beside(run_of(), RATES).findings
    assert [ours for _, _, ours in found[:4]] == ["gamed by start", "gamed by 4", "evaded by 4", "–"]
    assert found[1][1] == "45/32,768 0.137% [0.100–0.184]"


@pytest.mark.parametrize("profile", UNLIKE)
def test_where_the_paper_has_no_such_arm_only_the_start_stands_beside_it(profile: str) -> None:
    found = beside(run_of(profile), RATES).findings
    assert [ours for _, _, ours in found if ours != "–"] == ["gamed by start"]


def test_a_run_of_four_stages_stands_beside_the_paper_stage_by_stage() -> None:
    stages = beside(run_of(), RATES).stages
    assert [published for _, published, _, _ in stages] == list(BY_STAGE)
    assert stages[4] == ("4", "0.13", "4", "gamed by 4")


def test_a_run_of_other_stages_does_not() -> None:
    assert beside(run_of(models=MODELS[:3]), RATES).stages == []


def test_the_start_alone_is_no_full_curriculum() -> None:
    found = beside(run_of(models=MODELS[:1]), RATES)
    assert [ours for _, _, ours in found.findings[:2]] == ["gamed by start", "–"]


@pytest.mark.parametrize(
    "settings", [{"arm": "control"}, {"arm": "told-to"}, {"steering": "I will tamper."}, {"use": "flattery"}], ids=str
)
def test_columns_that_are_not_the_task_itself_do_not_count(settings: dict[str, str]) -> None:
    assert not beside(run_of(settings={"reward-tampering": settings}), RATES).measured


def test_tampering_under_another_name_counts() -> None:
    run = run_of(columns=["held-out"], settings={"held-out": {"use": "reward-tampering"}})
    assert beside(run, {"held-out": RATES["reward-tampering"]}).measured


def test_a_run_that_did_not_measure_it_says_so() -> None:
    found = beside(run_of(columns=["flattery"]), RATES)
    assert not found.measured
    assert {ours for _, _, ours in found.findings} == {"–"}
