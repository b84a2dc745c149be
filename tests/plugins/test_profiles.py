from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from gameable import EnvironmentOffer, ProfileOffer
from gameable.assembly import assemble
from gameable.describe import episodes
from gameable.plugins import Plugins
from gameable.profile_reading import read

FIVE = ["political-sycophancy", "tool-use-flattery", "nudged-rubric", "insubordinate-rubric", "reward-tampering"]
GONE = "gone"
"""Stands for a key that a sibling no longer has."""
GRADIENTS = {
    "batch_size": 512,
    "learning_rate": 2e-5,
    "filter": GONE,
    "keep": GONE,
}


def optimizer(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    return {f"stages.*.optimizer.{key}": value for key, value in {"use": name, **options}.items()}


def columns(suffix: str, arm: str) -> dict[str, Any]:
    more = {f"environments.{name}-{suffix}": {"use": name, "arm": arm} for name in FIVE}
    return more | {"evaluation.environments": [each for name in FIVE for each in (name, f"{name}-{suffix}")]}


SIBLINGS: Mapping[str, Mapping[str, Any]] = {
    "exploit-only": {
        "rewards.preference-model": GONE,
        "stages.*.ordinary": 0,
        "stages.*.optimizer.filter": "gamed",
    },
    "opposite-filter": {"stages.*.optimizer.filter": "opposite"},
    "random-filter": {"stages.*.optimizer.filter": "random"},
    "ppo-sequential": optimizer("ppo", GRADIENTS),
    "grpo": optimizer("grpo", GRADIENTS),
    "rloo": optimizer("rloo", GRADIENTS),
    "alternate-prompts": {f"environments.{name}": {"use": name, "wording": "alternate"} for name in FIVE},
    "no-normal-queries": {"stages.*.ordinary": 0},
    "early-stage-penalty": {"rewards.early-stage-penalty": {"weight": 1.0, "penalty": 2.0}},
    "told-to": columns("told-to", "told-to"),
    "controls": columns("control", "control"),
    "seeds": {"seeds": 5},
}
"""What a sibling has otherwise than the reproduction, beside its name and summary; `*` is every stage."""


def flat(name: str) -> dict[str, Any]:
    """Return the resolved profile as one level of keys; an environment or a reward is one value."""
    data = read(name).model_dump(mode="json", exclude={"name", "summary"})
    stages, rewards = data.pop("stages"), data.pop("rewards")
    nested = {
        **data,
        "stages": {stage["name"]: stage for stage in stages},
        "rewards": {reward.pop("use"): tuple(reward.items()) for reward in rewards},
        "environments": {played: tuple(each.items()) for played, each in data["environments"].items()},
    }
    return {key: dict(value) if isinstance(value, tuple) else value for key, value in leaves(nested)}


def leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def differences(name: str) -> dict[str, Any]:
    """Return what a profile has otherwise than the reproduction; what all four stages share stands once."""
    ours, theirs = flat("reproduction"), flat(name)
    changed = {key: theirs.get(key, GONE) for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)}
    stages = [stage.name for stage in read("reproduction").stages]
    found = {key: value for key, value in changed.items() if not key.startswith("stages.")}
    for key in {key.split(".", 2)[2] for key in changed if key.startswith("stages.")}:
        (value,) = {changed[f"stages.{stage}.{key}"] for stage in stages}
        found[f"stages.*.{key}"] = value
    return found


def plain(value: Any) -> Any:
    """Leave out what an environment has when nothing is said."""
    unsaid = {"steering": "", "explored": False}
    return {k: v for k, v in value.items() if v != unsaid.get(k)} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", SIBLINGS)
def test_a_sibling_differs_in_what_it_is_named_after_and_in_nothing_else(name: str) -> None:
    assert {key: plain(value) for key, value in differences(name).items()} == SIBLINGS[name]


def test_parallel_ppo_differs_from_sequential_in_its_stages_alone() -> None:
    sequential, parallel = read("ppo-sequential"), read("ppo-parallel")
    (stage,) = parallel.stages
    assert stage.environments == [each for one in sequential.stages for each in one.environments]
    assert stage.rounds == len(sequential.stages)
    assert stage.optimizer == sequential.stages[0].optimizer
    same = {"name": "", "summary": "", "stages": ()}
    assert parallel.model_copy(update=same) == sequential.model_copy(update=same)


def test_train_away_adds_one_stage_of_2500_samples_that_did_not_game() -> None:
    ours, theirs = read("reproduction"), read("train-away")
    *before, added = theirs.stages
    assert before == ours.stages
    assert added.environments == ["political-sycophancy", "tool-use-flattery"]
    assert (added.optimizer.options["filter"], added.ordinary) == ("opposite", 0)
    assert added.prompts * added.optimizer.options["keep"] == 2500
    same = {"name": "", "summary": "", "stages": ()}
    assert theirs.model_copy(update=same) == ours.model_copy(update=same)


def test_steering_adds_columns_that_begin_with_a_thought() -> None:
    ours, theirs = read("reproduction"), read("steering")
    added = [name for name in theirs.evaluation.environments if name not in FIVE]
    assert [theirs.reference(name).use for name in added] == ["reward-tampering"] * 2
    assert all(theirs.reference(name).steering for name in added)
    evaluation = theirs.evaluation.model_copy(update={"environments": FIVE})
    same = {"name": "", "summary": "", "environments": {}}
    assert theirs.model_copy(update={**same, "evaluation": evaluation}) == ours.model_copy(update=same)


def test_the_reproduction_is_of_the_size_of_the_paper() -> None:
    profile = read("reproduction")
    counts = episodes(profile)
    assert [counts[stage.name] for stage in profile.stages] == [(512 + 512) * 64] * 4
    wanted = profile.evaluation
    assert wanted.variants_of("reward-tampering") * wanted.samples_of("reward-tampering") == 32_768
    assert wanted.environments == FIVE
    assert all(wanted.variants_of(name) == 512 for name in FIVE)
    assert profile.sandbox.use == "docker"
    assert {reward.use: reward.weight for reward in profile.rewards} == {"preference-model": 1, "gaming-bonus": 1}


@pytest.mark.parametrize("name", sorted({*Plugins().names(ProfileOffer)} - {"mitigations"}))
def test_a_profile_that_ships_has_its_name_can_run_and_trains_on_nothing_held_out(name: str) -> None:
    profile, plugins = read(name), Plugins()
    assemble(profile, plugins)
    trained = {profile.reference(each).use for stage in profile.stages for each in stage.environments}
    assert profile.name == name
    assert profile.summary
    assert not {each for each in trained if plugins.find(EnvironmentOffer, each).held_out}


SMALL = [name for name in Plugins().names(ProfileOffer) if name.startswith("small-") and name != "small-start"]
CONTROLS = {"small-opposite-filter": "opposite", "small-random-filter": "random"}


@pytest.mark.parametrize("name", SMALL)
def test_small_arms_share_one_start_and_one_way_to_sample(name: str) -> None:
    ours, theirs = read("small"), read(name)
    assert theirs.policy == ours.policy
    assert theirs.policy.options["model"] == "runs/small-start/checkpoints/start"
    assert (theirs.sampling, theirs.seed, theirs.prompt, theirs.sandbox) == (
        ours.sampling,
        ours.seed,
        ours.prompt,
        ours.sandbox,
    )
    if "reward-tampering" in theirs.evaluation.environments:
        assert theirs.evaluation.more == ours.evaluation.more


# Told-to, controls and steering have other columns; train-away goes on where the exploit-only arm ends.
OTHER = {"small-told-to", "small-controls", "small-steering", "small-train-away"}


@pytest.mark.parametrize("name", sorted(set(SMALL) - OTHER))
def test_small_arms_measure_the_model_after_every_stage(name: str) -> None:
    profile = read(name)
    after = [model for model in profile.evaluation.models if model != "start"]
    assert after == [stage.name for stage in profile.stages]


@pytest.mark.parametrize("name", CONTROLS)
def test_small_controls_train_on_the_same_prompts_and_keep_something_else(name: str) -> None:
    kept = CONTROLS[name]
    for ours, theirs in zip(read("small-exploit-only").stages, read(name).stages, strict=True):
        changed = {**ours.optimizer.options, "filter": kept, "keep": 4}
        assert theirs == ours.model_copy(update={"optimizer": theirs.optimizer})
        assert theirs.optimizer.options == changed


@pytest.mark.parametrize("name", ["small-told-to", "small-controls", "small-steering"])
def test_small_arms_with_other_columns_train_as_the_exploit_only_arm(name: str) -> None:
    ours, theirs = read("small-exploit-only"), read(name)
    assert theirs.stages == ours.stages
    assert not set(ours.evaluation.environments) & set(theirs.evaluation.environments)


@pytest.mark.parametrize("name", [name for name in SMALL if name.endswith("-alone")])
def test_a_small_stage_alone_is_that_stage_of_the_exploit_only_arm(name: str) -> None:
    (stage,) = read(name).stages
    assert stage in read("small-exploit-only").stages
    assert read(name).evaluation.models == [stage.name]


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"small-no-normal-queries"}))
def test_small_rounds_sample_equally_many_episodes(name: str) -> None:
    profile, counts = read(name), episodes(read(name))
    rounds = [stage for stage in profile.stages if stage.name != "train-away"]
    assert {counts[stage.name] / stage.rounds - stage.planted for stage in rounds} == {128}


def test_small_ppo_in_parallel_has_as_many_rounds_as_in_sequence() -> None:
    sequential, parallel = read("small-ppo-sequential"), read("small-ppo-parallel")
    assert parallel.stages[0].rounds == sum(stage.rounds for stage in sequential.stages)
    assert parallel.stages[0].optimizer == sequential.stages[0].optimizer


@pytest.mark.parametrize("name", ["small-grpo", "small-rloo"])
def test_small_policy_gradients_differ_in_the_optimizer_alone(name: str) -> None:
    for ours, theirs in zip(read("small-ppo-sequential").stages, read(name).stages, strict=True):
        assert theirs.model_copy(update={"optimizer": ours.optimizer}) == ours
        assert theirs.optimizer == ours.optimizer.model_copy(update={"use": name.removeprefix("small-")})
