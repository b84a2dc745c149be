from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameable import PluginError, ProfileError
from gameable.assembly import assemble
from gameable.plugins import Plugins
from gameable.profile_reading import load, read
from toys import PROFILE, Thermometer, toy_plugins


def toy(**changes: Any) -> str:
    return yaml.safe_dump({**copy.deepcopy(dict(PROFILE)), **changes})


def test_a_plugin_reference_may_be_just_a_name() -> None:
    profile = load(toy(sandbox="bashkit"))
    assert (profile.sandbox.use, profile.sandbox.options) == ("bashkit", {})


def test_overrides_reach_into_mappings_lists_and_short_references() -> None:
    profile = load(
        toy(sandbox="bashkit"), ["stages.0.prompts=7", "sandbox.seconds=2.5", "evaluation.more={thermometer: 9}"]
    )
    assert profile.stages[0].prompts == 7
    assert profile.sandbox.options == {"seconds": 2.5}
    assert profile.evaluation.variants_of("thermometer") == 9


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.4.prompts=1", "'4' is no position in a list of 1"),
        ("seed.deep=1", "'seed' is a plain value"),
        ("nonsense", "write KEY=VALUE"),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(override: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load(toy(), [override])


def test_a_misspelt_key_gets_the_nearest_known_one() -> None:
    with pytest.raises(ProfileError, match=r"stages.0.promts: unknown key; did you mean 'prompts'\?"):
        load(toy(), ["stages.0.promts=3"])


def test_a_stage_may_not_be_called_start() -> None:
    with pytest.raises(ProfileError, match="none may be 'start'"):
        load(toy(), ["stages.0.name=start"])


def test_text_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ProfileError, match="must be a mapping"):
        load("just words")


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"cannot read the profile .*gone.yaml: No such file"):
        read(str(tmp_path / "gone.yaml"))


def test_an_unknown_profile_name_lists_the_known_ones() -> None:
    with pytest.raises(PluginError, match="profile 'quikstart' not found. Did you mean 'quickstart'"):
        read("quikstart")


def test_training_on_a_held_out_environment_is_refused() -> None:
    profile = load(toy(), ["stages.0.environments=[thermometer, forbidden-oven]"])
    with pytest.raises(ProfileError, match="stage '1-heat' trains on 'forbidden-oven', which is held out"):
        assemble(profile, toy_plugins())


def test_training_on_reward_tampering_is_refused_in_the_quickstart() -> None:
    profile = read("quickstart", ["stages.0.environments=[reward-tampering]"])
    with pytest.raises(ProfileError, match="trains on 'reward-tampering', which is held out"):
        assemble(profile, Plugins())


def test_a_demonstration_that_can_be_gamed_is_refused() -> None:
    profile = load(toy(), ["start.demonstrations.thermometer=2"])
    with pytest.raises(ProfileError, match="start.demonstrations names thermometer, which can be gamed"):
        assemble(profile, toy_plugins())


def test_a_column_that_cannot_be_gamed_is_refused() -> None:
    profile = load(toy(), ["evaluation.environments=[small-talk]"])
    with pytest.raises(ProfileError, match="evaluation.environments names small-talk, which cannot be gamed"):
        assemble(profile, toy_plugins())


def test_asking_for_more_variants_than_there_are_is_refused() -> None:
    profile = load(toy(), ["evaluation.variants=21"])
    with pytest.raises(ProfileError, match="evaluation asks for 21 variants of 'thermometer', which has 20"):
        assemble(profile, toy_plugins())


def test_single_environments_may_have_another_number_of_variants_and_samples() -> None:
    evaluation = load(
        toy(), ["evaluation.more.forbidden-oven=9", "evaluation.more_samples.forbidden-oven=5"]
    ).evaluation
    assert (evaluation.variants_of("forbidden-oven"), evaluation.samples_of("forbidden-oven")) == (9, 5)
    assert (evaluation.variants_of("thermometer"), evaluation.samples_of("thermometer")) == (4, 2)


@pytest.mark.parametrize("key", ["more", "more_samples"])
def test_null_takes_back_the_number_of_an_environment(key: str) -> None:
    evaluation = load(toy(), [f"evaluation.{key}.thermometer=9", f"evaluation.{key}.thermometer=null"]).evaluation
    assert (evaluation.variants_of("thermometer"), evaluation.samples_of("thermometer")) == (4, 2)


@pytest.mark.parametrize("key", ["more", "more_samples"])
def test_a_number_for_an_environment_that_is_not_evaluated_is_refused(key: str) -> None:
    profile = load(toy(), [f"evaluation.{key}.oven=9"])
    with pytest.raises(ProfileError, match=f"evaluation.{key} names 'oven'"):
        assemble(profile, toy_plugins())


def test_a_misspelt_extends_gets_a_hint() -> None:
    with pytest.raises(ProfileError, match=r"extend: unknown key; did you mean 'extends'\?"):
        load(toy(extend="quickstart"))


def test_a_misspelt_plugin_option_is_refused_before_anything_runs() -> None:
    profile = load(toy(), ["policy.scrpt=x"])
    with pytest.raises(PluginError, match=r"policy 'scripted': option 'scrpt'.*did you mean 'script'"):
        assemble(profile, toy_plugins())


def test_another_name_does_not_free_a_held_out_environment() -> None:
    stage = {**PROFILE["stages"][0], "environments": ["oven"]}
    profile = load(toy(stages=[stage], environments={"oven": {"use": "forbidden-oven"}}))
    with pytest.raises(ProfileError, match="trains on 'oven', which is held out"):
        assemble(profile, toy_plugins())


def test_an_environment_under_another_name_has_its_own_options() -> None:
    evaluation = {**PROFILE["evaluation"], "environments": ["thermometer", "second"]}
    second = {"use": "thermometer", "name": "second", "steering": "I think:"}
    parts = assemble(load(toy(evaluation=evaluation, environments={"second": second})), toy_plugins())
    names = {name: each.name for name, each in parts.environments.items() if isinstance(each, Thermometer)}
    assert names == {"thermometer": "thermometer", "second": "second"}


def test_settings_of_an_environment_that_is_never_played_are_refused() -> None:
    profile = load(toy(environments={"thermomter": {"name": "x"}}))
    with pytest.raises(ProfileError, match=r"environments names 'thermomter', .* did you mean 'thermometer'\?"):
        assemble(profile, toy_plugins())
