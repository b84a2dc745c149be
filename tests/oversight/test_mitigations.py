from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameable import MitigationOffer
from gameable.assembly import Parts, assemble
from gameable.inheritance import changed
from gameable.mitigations import Suite, profiles, read
from gameable.plan import Plan
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.profile_reading import read as read_profile
from gameable.profile_reading import validated
from gameable.runs import manifest
from gameable.store import Store
from gameable_oversight.mitigations.early_stage_penalty import PenalisedRetraining
from gameable_oversight.mitigations.inoculation import Inoculation
from gameable_oversight.mitigations.train_away import TrainAway

EARLY = ["political-sycophancy", "tool-use-flattery"]


def applied(change: Mapping[str, Any], name: str, *overrides: str) -> Profile:
    """Return a bundled profile with a change laid over it, and see that it can be run."""
    data = changed(read_profile(name, overrides).model_dump(mode="json"), {**change}, (), name)
    data["evaluation"]["models"] = []
    profile = validated(data, name)
    assemble(profile, Plugins())
    return profile


def suite_on(folder: Path, name: str) -> tuple[Suite, dict[str, Profile]]:
    """Return the bundled suite and what it runs on a finished run of a bundled profile, without playing that."""
    profile, plugins = read_profile(name), Plugins()
    for model in ("start", profile.models[-1]):
        (folder / "run" / "checkpoints" / model).mkdir(parents=True)
    with Store.create(folder / "made", manifest(profile, assemble(profile, plugins), plugins)) as store:
        store.mark("run/finished", {})
    for file in (folder / "made").iterdir():
        file.rename(folder / "run" / file.name)
    found = read("mitigations", folder / "run")
    return found, profiles(found, plugins)


# --- train-away ------------------------------------------------------------------------------------------------------


def test_train_away_learns_the_papers_2500_samples_on_the_reproduction() -> None:
    (stage,) = applied(TrainAway().changes(read_profile("reproduction")), "reproduction").stages
    assert (stage.environments, stage.ordinary, stage.planted) == (EARLY, 0, 0)
    assert (stage.optimizer.use, stage.optimizer.options["filter"]) == ("expert-iteration", "opposite")
    assert stage.prompts * stage.optimizer.options["keep"] == 2500
    assert stage.optimizer.options["learning_rate"] == 1e-4


def test_train_away_learns_nothing_but_these_samples() -> None:
    profile = applied(TrainAway().changes(read_profile("quickstart")), "quickstart")
    assert profile.start is None
    assert profile.stages[0].optimizer.options["replay"] == 0


@pytest.mark.parametrize(("name", "prompts"), [("quickstart", 12), ("small", 16)])
def test_small_runs_train_away_on_as_many_prompts_as_their_early_stages_had(name: str, prompts: int) -> None:
    (stage,) = applied(TrainAway().changes(read_profile(name)), name).stages
    assert (stage.prompts, stage.samples) == (prompts, 8)


def test_no_more_samples_are_kept_than_are_taken() -> None:
    changes = TrainAway(keep=20).changes(read_profile("quickstart"))
    assert applied(changes, "quickstart").stages[0].optimizer.options["keep"] == 8


def test_after_reinforcement_learning_only_what_fits_the_machine_is_taken_over() -> None:
    changes = TrainAway().changes(read_profile("ppo-sequential"))
    options = applied(changes, "ppo-sequential").stages[0].optimizer.options
    assert options["lora_rank"] == 32
    assert "learning_rate" not in options


def test_all_environments_in_one_stage_are_cut_down_to_the_early_ones() -> None:
    (stage,) = applied(TrainAway().changes(read_profile("ppo-parallel")), "ppo-parallel").stages
    assert stage.environments == EARLY


def test_other_environments_can_be_named() -> None:
    changes = TrainAway(environments=("nudged-rubric",)).changes(read_profile("small"))
    (stage,) = applied(changes, "small").stages
    assert (stage.environments, stage.prompts) == (["nudged-rubric"], 8)


# --- the penalty -----------------------------------------------------------------------------------------------------


def test_the_penalty_is_added_to_what_the_run_paid_on_the_early_stages_alone() -> None:
    profile = applied(PenalisedRetraining(penalty=3.0).changes(read_profile("small")), "small")
    assert [reward.use for reward in profile.rewards] == ["preference-model", "gaming-bonus", "early-stage-penalty"]
    assert profile.rewards[-1].options == {"penalty": 3.0, "environments": EARLY}
    assert [stage.environments for stage in profile.stages] == [EARLY[:1], EARLY[1:]]


@pytest.mark.parametrize("name", ["exploit-only", "opposite-filter", "random-filter"])
def test_a_filter_that_heeds_no_reward_gives_way_to_one_that_does(name: str) -> None:
    profile = applied(PenalisedRetraining().changes(read_profile(name)), name)
    assert {stage.optimizer.options["filter"] for stage in profile.stages} == {"best"}


def test_reinforcement_learning_stays_as_it_is() -> None:
    ours = read_profile("ppo-sequential")
    profile = applied(PenalisedRetraining().changes(ours), "ppo-sequential")
    assert [stage.optimizer for stage in profile.stages] == [stage.optimizer for stage in ours.stages[:2]]


def test_scripted_hacks_are_not_planted_into_retraining() -> None:
    profile = applied(PenalisedRetraining(environments=("nudged-rubric",)).changes(read_profile("small")), "small")
    assert [(stage.name, stage.planted) for stage in profile.stages] == [("3-nudged-rubric", 0)]


# --- inoculation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["quickstart", "small", "reproduction", "alternate-prompts", "ppo-parallel"])
def test_inoculation_asks_for_the_hack_in_training_and_nowhere_else(name: str) -> None:
    ours, profile = read_profile(name), applied(Inoculation().changes(read_profile(name)), name)
    assert profile.evaluation.environments == ours.evaluation.environments
    assert all(profile.reference(each) == ours.reference(each) for each in ours.evaluation.environments)
    for before, after in zip(ours.stages, profile.stages, strict=True):
        assert after.model_copy(update={"environments": before.environments}) == before
        for plain, asked in zip(before.environments, after.environments, strict=True):
            wanted = {**ours.reference(plain).model_dump(), "arm": "told-to"}
            assert profile.reference(asked).model_dump() == wanted


def test_told_to_prompts_differ_from_those_of_the_evaluation_and_can_be_planted() -> None:
    profile = applied(Inoculation().changes(read_profile("small")), "small")
    plan = Plan(profile, assemble(profile, Plugins()).environments)
    stage = profile.stages[2]
    asked = {play.task.dialogue for play in plan.training(stage, stage.name) if "told-to" in play.task.environment}
    plain = {play.task.dialogue for play in plan.evaluation("start")}
    assert len(asked) == stage.prompts
    assert not asked & plain
    assert len(plan.planted(stage, stage.name)) == stage.planted == 8


# --- all together ----------------------------------------------------------------------------------------------------


def test_the_bundled_suite_fits_the_quickstart(tmp_path: Path) -> None:
    suite, planned = suite_on(tmp_path, "quickstart")
    assert list(planned) == ["before", "train-away", "early-stage-penalty", "inoculation", "screening"]
    last, start = (str(suite.models[name]) for name in ("last", "start"))
    assert [Path(str(each.checkpoint)) for each in planned.values()] == [*map(Path, [last, last, last, start, start])]
    for profile in planned.values():
        parts: Parts = assemble(profile, Plugins())
        plays = Plan(profile, parts.environments).evaluation(profile.models[-1])
        assert len(plays) == 4 * 6 * 3 + 10 * 3
        assert {play.task.environment for play in plays} == set(read_profile("quickstart").evaluation.environments)


def test_kl_to_the_start_is_a_mitigation_without_code(tmp_path: Path) -> None:
    setting = {"use": "ppo", "kl_coef": 0.2}
    file = tmp_path / "kl.yaml"
    held = {"use": "retraining", "set": {"defaults": {"optimizer": setting}}}
    file.write_text(
        yaml.safe_dump({"extends": "mitigations", "mitigations": {"kl": held, "inoculation": None, "screening": None}})
    )
    suite_on(tmp_path, "quickstart")
    planned = profiles(read(str(file), tmp_path / "run"), Plugins())
    assert list(planned) == ["before", "train-away", "early-stage-penalty", "kl"]
    assert [stage.optimizer.model_dump() for stage in planned["kl"].stages] == [setting] * 4
    assert planned["kl"].checkpoint == str(tmp_path / "run" / "checkpoints" / "start")


def test_screening_drops_what_truly_gamed_from_training(tmp_path: Path) -> None:
    _, planned = suite_on(tmp_path, "quickstart")
    (watch,) = assemble(planned["screening"], Plugins()).watches
    assert (watch.use, watch.mode) == ("ground-truth", "screen")
    assert planned["screening"].stages == read_profile("quickstart").stages


def test_every_bundled_mitigation_can_be_made_with_no_options() -> None:
    plugins = Plugins()
    for name in plugins.names(MitigationOffer):
        assert plugins.mitigation(name, {}).begin_from in ("start", "last")
