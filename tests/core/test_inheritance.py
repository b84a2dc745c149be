from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gameable import PluginError, ProfileError
from gameable.inheritance import Data, find, resolve
from gameable.profile_reading import read

BASE: Mapping[str, Any] = {
    "name": "base",
    "policy": {"use": "hf", "model": "small", "dtype": "float32"},
    "sandbox": "bashkit",
    "rewards": [{"use": "preference-model", "weight": 1.0}, {"use": "gaming-bonus", "weight": 1.0}],
    "defaults": {"samples": 8, "optimizer": {"use": "expert-iteration", "filter": "best", "epochs": 2}},
    "stages": [{"name": "1-one", "environments": ["one"]}, {"name": "2-two", "environments": ["two"]}],
    "evaluation": {"environments": ["one", "two"], "variants": 4, "more": {"two": 9}},
}


def resolved(folder: Path, overrides: tuple[str, ...] = (), **child: Any) -> Data:
    """Write base and child to files; return the keys of the child."""
    (folder / "base.yaml").write_text(yaml.safe_dump(dict(BASE)))
    (folder / "child.yaml").write_text(yaml.safe_dump({"extends": "base.yaml", **child}))
    return resolve(find(str(folder / "child.yaml")), overrides)


def changed(folder: Path, **child: Any) -> Data:
    """Return the top-level keys that a child has otherwise than its base."""
    base, data = resolved(folder), resolved(folder, **child)
    return {key: data.get(key) for key in {**base, **data} if base.get(key) != data.get(key)}


def test_a_child_that_says_nothing_is_its_base(tmp_path: Path) -> None:
    assert changed(tmp_path) == {}


def test_mappings_merge_key_by_key_at_any_depth(tmp_path: Path) -> None:
    wanted = {**BASE["evaluation"], "more": {"two": 9, "one": 5}}
    assert changed(tmp_path, evaluation={"more": {"one": 5}}) == {"evaluation": wanted}


def test_lists_and_plain_values_are_replaced(tmp_path: Path) -> None:
    assert changed(tmp_path, seed=2, evaluation={"environments": ["two"]}) == {
        "seed": 2,
        "evaluation": {**BASE["evaluation"], "environments": ["two"]},
    }


def test_options_of_one_plugin_never_reach_another(tmp_path: Path) -> None:
    assert changed(tmp_path, policy={"use": "vllm"}) == {"policy": {"use": "vllm"}}
    same = changed(tmp_path, policy={"use": "hf", "model": "large"})
    assert same == {"policy": {"use": "hf", "model": "large", "dtype": "float32"}}


def test_a_short_reference_takes_options(tmp_path: Path) -> None:
    assert changed(tmp_path, sandbox={"seconds": 5}) == {"sandbox": {"use": "bashkit", "seconds": 5}}


def test_null_is_a_value_like_any_other(tmp_path: Path) -> None:
    policy = {"use": "hf", "model": None, "dtype": "float32"}
    assert changed(tmp_path, policy={"model": None}) == {"policy": policy}


def test_what_is_not_there_cannot_be_taken_out(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"child.yaml does not fit .*stages there has no '1-on'.* it has: 1-one"):
        resolved(tmp_path, stages={"1-on": None})


def test_stages_are_changed_added_and_taken_out_by_name(tmp_path: Path) -> None:
    stages = {"2-two": {"samples": 3}, "3-three": {"environments": ["three"]}, "1-one": None}
    found = resolved(tmp_path, stages=stages)["stages"]
    assert [(stage["name"], stage["environments"], stage["samples"]) for stage in found] == [
        ("2-two", ["two"], 3),
        ("3-three", ["three"], 8),
    ]


def test_rewards_are_changed_added_and_taken_out_by_name(tmp_path: Path) -> None:
    rewards = {"preference-model": None, "gaming-bonus": {"weight": 2}, "penalty": {"weight": 3}}
    assert changed(tmp_path, rewards=rewards) == {
        "rewards": [{"use": "gaming-bonus", "weight": 2}, {"use": "penalty", "weight": 3}]
    }


def test_defaults_lie_under_every_stage(tmp_path: Path) -> None:
    optimizer = {"use": "expert-iteration", "filter": "gamed", "epochs": 2}
    found = resolved(tmp_path, defaults={"optimizer": {"filter": "gamed"}})
    assert [stage["optimizer"] for stage in found["stages"]] == [optimizer, optimizer]
    assert "defaults" not in found


def test_another_optimizer_has_none_of_the_default_ones_options(tmp_path: Path) -> None:
    found = resolved(tmp_path, stages={"2-two": {"optimizer": {"use": "ppo", "clip": 0.1}}})
    assert found["stages"][1]["optimizer"] == {"use": "ppo", "clip": 0.1}


def test_overrides_come_after_merging_and_reach_defaults(tmp_path: Path) -> None:
    found = resolved(tmp_path, ("defaults.samples=2", "stages.1.samples=5"), defaults={"samples": 4})
    assert [stage["samples"] for stage in found["stages"]] == [2, 5]


def test_grandparents_are_merged_first(tmp_path: Path) -> None:
    (tmp_path / "grandchild.yaml").write_text("extends: child.yaml\nevaluation: {samples: 3}")
    resolved(tmp_path, evaluation={"variants": 7, "samples": 2})
    found = resolve(find(str(tmp_path / "grandchild.yaml")))["evaluation"]
    assert (found["variants"], found["samples"], found["more"]) == (7, 3, {"two": 9})


def test_a_path_begins_at_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    resolved(tmp_path, seed=9)
    (tmp_path / "deep" / "far.yaml").write_text("extends: ../child.yaml")
    assert resolve(find(str(tmp_path / "deep" / "far.yaml")))["seed"] == 9


def test_a_profile_that_ships_can_be_extended_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("{extends: quickstart, name: mine, stages: {2-flattery: {planted: 2}}}")
    theirs, mine = read("quickstart"), read(str(tmp_path / "mine.yaml"))
    assert mine.stages[1] == theirs.stages[1].model_copy(update={"planted": 2})
    assert mine == theirs.model_copy(update={"name": "mine", "stages": mine.stages})


def test_profiles_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml")
    (tmp_path / "b.yaml").write_text("extends: a.yaml")
    with pytest.raises(ProfileError, match=r"in a circle: [^→]*a.yaml → [^→]*b.yaml → [^→]*a.yaml\.$"):
        resolve(find(str(tmp_path / "a.yaml")))


def test_an_unknown_base_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: gone.yaml")
    (tmp_path / "b.yaml").write_text("extends: quikstart")
    with pytest.raises(ProfileError, match=r"cannot read the profile .*gone.yaml"):
        read(str(tmp_path / "a.yaml"))
    with pytest.raises(PluginError, match="Did you mean 'quickstart'"):
        read(str(tmp_path / "b.yaml"))


@pytest.mark.parametrize(
    ("child", "message"),
    [
        ({"evaluation": {"environments": {"one": 1}}}, "evaluation.environments is a list there, and a mapping here"),
        ({"evaluation": {"variants": {"one": 1}}}, "evaluation.variants is 4 there, a plain value"),
        ({"rewards": {"gaming-bonus": 2}}, "rewards.gaming-bonus must be a mapping of what changes, or null"),
        ({"defaults": [1]}, "defaults must be a mapping"),
        ({"defaults": {"environments": ["x"]}, "stages": [{"environments": {"x": 1}}]}, "a stage does not fit"),
        ({"extends": ["a", "b"]}, "extends takes one name or .yaml file"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, child: Data, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        resolved(tmp_path, **child)


def test_entries_without_a_name_cannot_be_changed_by_name(tmp_path: Path) -> None:
    (tmp_path / "nameless.yaml").write_text("stages: [{samples: 1}]")
    (tmp_path / "mine.yaml").write_text("{extends: nameless.yaml, stages: {one: {samples: 2}}}")
    with pytest.raises(ProfileError, match="stages there has entries without a 'name' of their own"):
        resolve(find(str(tmp_path / "mine.yaml")))


def test_an_override_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"--set seed=\{: what follows the = is no valid YAML"):
        resolved(tmp_path, ("seed={",))


def test_what_an_extending_file_blocks_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("{extends: quickstart, plugins: {block: [bundled]}}")
    with pytest.raises(PluginError, match="profile 'quickstart' not found"):
        read(str(tmp_path / "mine.yaml"))
