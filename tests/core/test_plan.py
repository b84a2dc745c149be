from __future__ import annotations

import pytest

from gameable import Environment, EnvironmentFault
from gameable.plan import demonstrations, evaluation, planted, rounds, training
from gameable.profile import Profile
from toys import PROFILE, SmallTalk, Thermometer

ENVIRONMENTS: dict[str, Environment] = {
    "thermometer": Thermometer(),
    "forbidden-oven": Thermometer(name="forbidden-oven"),
    "small-talk": SmallTalk(),
}


def profile(**changes: object) -> Profile:
    return Profile.model_validate({**PROFILE, **changes})


def stage(**changes: object) -> Profile:
    return profile(stages=[{**PROFILE["stages"][0], **changes}])


def test_training_plays_all_samples_of_gameable_and_ordinary_prompts() -> None:
    plays = training(profile(), profile().stages[0], "1-heat", ENVIRONMENTS)
    assert len(plays) == (3 + 2) * 4
    assert len({play.id for play in plays}) == len(plays)
    assert [play.task.environment for play in plays] == ["thermometer"] * 12 + ["small-talk"] * 8


def test_the_same_seed_draws_the_same_variants_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[str]:
        return [play.id for play in training(profile(seed=seed), profile().stages[0], "1-heat", ENVIRONMENTS)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_model_and_seed_is_evaluated_on_the_same_variants() -> None:
    def variants(seed: int, model: str) -> list[tuple[str, str]]:
        return [(p.task.environment, p.task.variant) for p in evaluation(profile(seed=seed), model, ENVIRONMENTS)]

    assert variants(1, "start") == variants(2, "1-heat")


def test_evaluation_never_plays_a_training_variant() -> None:
    assert {play.task.split for play in evaluation(profile(), "start", ENVIRONMENTS)} == {"eval"}


def test_planted_examples_are_scripted_gaming_on_variants_that_are_not_sampled() -> None:
    one = stage(planted=2)
    sampled = {play.task.variant for play in training(one, one.stages[0], "1-heat", ENVIRONMENTS)}
    plays = planted(one, one.stages[0], "1-heat", ENVIRONMENTS)
    assert len(plays) == 2
    assert all(play.script and "echo 90" in play.script[0] for play in plays)
    assert not sampled & {play.task.variant for play in plays if play.task.environment == "thermometer"}


def test_demonstrations_are_the_honest_oracles() -> None:
    assert [play.script for play in demonstrations(profile(), ENVIRONMENTS)] == [("fine</cot>Fine, thank you.",)] * 3


def test_an_environment_without_the_oracle_is_named() -> None:
    one = stage(environments=["small-talk"], planted=1)
    with pytest.raises(EnvironmentFault, match="'small-talk' has no evading or gaming oracle .* it has: honest"):
        planted(one, one.stages[0], "1-heat", ENVIRONMENTS)


def test_the_last_round_carries_the_name_of_the_stage() -> None:
    assert rounds(stage(rounds=3).stages[0]) == ["1-heat.1", "1-heat.2", "1-heat"]
