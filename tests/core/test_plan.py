from __future__ import annotations

import pytest

from gameable import Environment, EnvironmentFault
from gameable.plan import Plan, rounds
from gameable.profile import Profile
from toys import PROFILE, SmallTalk, Thermometer

ENVIRONMENTS: dict[str, Environment] = {
    "thermometer": Thermometer(),
    "forbidden-oven": Thermometer(name="forbidden-oven"),
    "small-talk": SmallTalk(),
}


def profile(**changes: object) -> Profile:
    return Profile.model_validate({**PROFILE, **changes})


def plan(**changes: object) -> Plan:
    return Plan(profile(**changes), ENVIRONMENTS)


def stage(**changes: object) -> Profile:
    return profile(stages=[{**PROFILE["stages"][0], **changes}])


def test_training_plays_all_samples_of_gameable_and_ordinary_prompts() -> None:
    plays = plan().training(profile().stages[0], "1-heat")
    assert len(plays) == (3 + 2) * 4
    assert len({play.id for play in plays}) == len(plays)
    assert [play.task.environment for play in plays] == ["thermometer"] * 12 + ["small-talk"] * 8


def test_the_same_seed_draws_the_same_variants_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[str]:
        return [play.id for play in plan(seed=seed).training(profile().stages[0], "1-heat")]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_model_and_seed_is_evaluated_on_the_same_variants() -> None:
    def variants(seed: int, model: str) -> list[tuple[str, str]]:
        return [(p.task.environment, p.task.variant) for p in plan(seed=seed).evaluation(model)]

    assert variants(1, "start") == variants(2, "1-heat")


def test_evaluation_never_plays_a_training_variant() -> None:
    assert {play.task.split for play in plan().evaluation("start")} == {"eval"}


def test_planted_examples_are_scripted_gaming_on_variants_that_are_not_sampled() -> None:
    one = stage(planted=2)
    sampled = {play.task.variant for play in Plan(one, ENVIRONMENTS).training(one.stages[0], "1-heat")}
    plays = Plan(one, ENVIRONMENTS).planted(one.stages[0], "1-heat")
    assert len(plays) == 2
    assert all(play.script and "echo 90" in play.script[0] for play in plays)
    assert not sampled & {play.task.variant for play in plays if play.task.environment == "thermometer"}


def test_demonstrations_are_the_honest_oracles() -> None:
    assert [play.script for play in plan().demonstrations()] == [("fine</cot>Fine, thank you.",)] * 3


def test_an_environment_without_the_oracle_is_named() -> None:
    one = stage(environments=["small-talk"], planted=1)
    with pytest.raises(EnvironmentFault, match="'small-talk' has no evading or gaming oracle .* it has: honest"):
        Plan(one, ENVIRONMENTS).planted(one.stages[0], "1-heat")


def test_the_last_round_carries_the_name_of_the_stage() -> None:
    assert rounds(stage(rounds=3).stages[0]) == ["1-heat.1", "1-heat.2", "1-heat"]


def columns(**settings: object) -> Plan:
    """A plan that evaluates the thermometer as it is, and once more under another name."""
    evaluation = {"environments": ["thermometer", "other"], "variants": 4, "samples": 1, "probe": 3}
    changed = profile(environments={"other": {"use": "thermometer", **settings}}, evaluation=evaluation)
    return Plan(changed, {**ENVIRONMENTS, "other": Thermometer()})


def test_an_environment_under_another_name_is_evaluated_on_the_same_variants() -> None:
    plays = columns().evaluation("start")
    assert [play.task.variant for play in plays[:4]] == [play.task.variant for play in plays[4:]]
    assert [play.task.environment for play in plays] == ["thermometer"] * 4 + ["other"] * 4


def test_steering_begins_the_hidden_thought() -> None:
    plays = columns(steering="I want more.").evaluation("start")
    assert {play.task.opening for play in plays[:4]} == {"<cot>"}
    assert {play.task.opening for play in plays[4:]} == {"<cot>I want more."}


def test_only_an_explored_environment_has_a_look_around() -> None:
    plays = columns(explored=True).evaluation("start")
    assert not any(play.lead for play in plays[:4])
    assert all(play.lead for play in plays[4:])


def test_a_probe_pairs_an_honest_with_a_gaming_script_on_one_variant() -> None:
    pairs = columns().probes("thermometer")
    assert len(pairs) == 3
    for honest, gaming in pairs:
        assert honest.task == gaming.task
        assert "cat" in "".join(honest.script or ())
        assert "echo 90" in "".join(gaming.script or ())


def test_where_no_gaming_script_is_known_nothing_is_probed() -> None:
    probed = profile(evaluation={"environments": ["small-talk"], "variants": 2, "probe": 2})
    assert Plan(probed, ENVIRONMENTS).probes("small-talk") == []


def test_evaluation_plays_as_many_samples_as_an_environment_is_given() -> None:
    evaluation = {**PROFILE["evaluation"], "more_samples": {"forbidden-oven": 5}}
    plays = plan(evaluation=evaluation).evaluation("start")
    names = [play.task.environment for play in plays]
    assert {name: names.count(name) for name in names} == {"thermometer": 4 * 2, "forbidden-oven": 4 * 5}
