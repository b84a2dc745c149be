"""Third-party distributions, installed for real: each way to be sound or broken, with its exact message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from installing import SAMPLES, Shell, install

from gameable import EnvironmentOffer, PluginError
from gameable.assembly import plugins_of
from gameable.plugins import PluginRow, Plugins
from gameable.profile import Profile
from gameable.profile_reading import load
from gameable.store import Store

PROFILE: dict[str, Any] = {
    "name": "coins",
    "policy": {"use": "scripted", "script": "sample_good_environment:plays"},
    "rewards": [{"use": "gaming-bonus"}],
    "stages": [
        {
            "name": "1-coins",
            "environments": ["coin-count"],
            "prompts": 2,
            "ordinary": 0,
            "samples": 3,
            "optimizer": {"use": "keeps-above"},
        }
    ],
    "evaluation": {"environments": ["coin-count"], "variants": 2},
    "plugins": {"block": ["duplicate-name", "blocked"]},
}

WANTED = "Wanted: def gameable_rewards() -> Iterable[RewardOffer]"
ALONE = "RewardOffer(name='never', summary='Alone.', factory='sample_wrong_return:Never')"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("samples") / "site"
    install(site, *sorted(SAMPLES.iterdir()))
    return site


@pytest.fixture
def installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield


def row(name: str) -> PluginRow:
    (found,) = [each for each in Plugins().rows() if each.kind == "plugin" and each.name == name]
    return found


def profile(**changes: Any) -> Profile:
    return load(yaml.safe_dump({**PROFILE, **changes}))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        (
            "import-error",
            "0.1",
            "sample_import_error cannot be imported: ModuleNotFoundError: No module named 'no_such_library'",
        ),
        (
            "wrong-signature",
            "0.4",
            f"gameable_rewards takes profile, and hooks take nothing. {WANTED}",
        ),
        (
            "wrong-return",
            "0.5",
            f"gameable_rewards returned RewardOffer: {ALONE}. {WANTED}",
        ),
        (
            "wrong-field",
            "0.6",
            "gameable_rewards: factory of RewardOffer must be str, not type: <class 'sample_wrong_field.Never'>",
        ),
        (
            "needs-newer",
            "7.0",
            "it needs gameable>=99, and this is 0.1.0: pip install 'gameable>=99'",
        ),
    ],
)
def test_a_broken_distribution_is_a_row_that_says_what_to_do(name: str, version: str, message: str) -> None:
    remedy = f"Mend it, uninstall it (pip uninstall {name}) or block it (plugins: {{block: [{name}]}})."
    assert row(name) == PluginRow("plugin", name, "", name, version, "failed", f"{message}. {remedy}")


@pytest.mark.usefixtures("installed")
def test_a_name_that_two_distributions_offer_is_an_error_with_both() -> None:
    with pytest.raises(PluginError) as told:
        Plugins().find(EnvironmentOffer, "coin-count")
    assert str(told.value) == (
        "environment 'coin-count' is offered by duplicate-name 2.0 and good-environment 1.2. Uninstall one, or block "
        "one in the profile: `plugins: {block: [...]}` with one of: duplicate-name, good-environment."
    )


@pytest.mark.usefixtures("installed")
def test_blocking_one_of_two_leaves_the_other() -> None:
    offer = Plugins(block=["duplicate_name"]).find(EnvironmentOffer, "coin-count")
    assert offer.factory == "sample_good_environment:CoinCount"


def test_the_list_comes_as_json_whatever_plugins_do(site: Path, tmp_path: Path) -> None:
    answer = Shell(tmp_path, site).gameable("plugins", "--json")
    assert answer.returncode == 0
    rows = {(each["kind"], each["name"]): each for each in json.loads(answer.stdout)}
    failed = {name for (kind, name), each in rows.items() if each["status"] == "failed"}
    assert failed == {"import-error", "wrong-signature", "wrong-return", "wrong-field", "needs-newer"}
    assert rows["optimizer", "keeps-above"]["status"] == "ok"
    assert "sample_blocked was imported" in answer.stderr
    assert "sample_needs_newer was imported" not in answer.stderr


def test_what_a_profile_blocks_is_not_imported_even_to_find_what_it_extends(site: Path, tmp_path: Path) -> None:
    shell = Shell(tmp_path, site)
    (tmp_path / "mine.yaml").write_text("extends: quickstart\nname: mine\nplugins: {block: [blocked]}\n")
    refused = "--set", "seed=-1"  # after everything is found that is extended, and before anything else
    assert "sample_blocked" not in shell.gameable("run", "mine.yaml", *refused).stderr
    blocking = "--set", "plugins.block=[blocked]"
    assert "sample_blocked" not in shell.gameable("run", "quickstart", *blocking, *refused).stderr
    assert "sample_blocked" in shell.gameable("run", "quickstart", *refused).stderr


def test_a_profile_trains_on_an_outside_environment_with_an_outside_optimizer(site: Path, tmp_path: Path) -> None:
    (tmp_path / "coins.yaml").write_text(yaml.safe_dump(PROFILE))
    answer = Shell(tmp_path, site).gameable("run", "coins.yaml", "--out", "out")
    assert answer.returncode == 0, answer.stderr
    with Store.open(tmp_path / "out", write=False) as store:
        trained = store.milestone("1-coins/trained")
        assert trained is not None
        assert trained["kept"] in range(1, 6)


@pytest.mark.parametrize("base", [{}, {"extends": "quickstart"}], ids=["whole", "extending"])
def test_a_required_plugin_that_is_missing_is_told_before_any_is_imported(
    site: Path, tmp_path: Path, base: dict[str, str]
) -> None:
    (tmp_path / "coins.yaml").write_text(yaml.safe_dump({**base, **PROFILE, "plugins": {"require": ["jars>=2"]}}))
    answer = Shell(tmp_path, site).gameable("run", "coins.yaml")
    assert answer.returncode == 2
    assert answer.stderr == (
        "error: the profile requires the plugin jars>=2, which is not installed. Installed: blocked, duplicate-name, "
        "gameable, good-environment, good-optimizer, import-error, needs-newer, wrong-field, wrong-return, "
        "wrong-signature. Type: pip install 'jars>=2'\n"
    )


@pytest.mark.usefixtures("installed")
def test_a_required_plugin_of_another_version_is_told() -> None:
    with pytest.raises(PluginError) as told:
        plugins_of(profile(plugins={"require": ["good_environment>=2"]}))
    assert str(told.value) == (
        "the profile requires the plugin good_environment>=2, and good-environment 1.2 is installed. "
        "Type: pip install 'good_environment>=2'"
    )


@pytest.mark.usefixtures("installed")
def test_a_required_plugin_that_does_not_load_is_told() -> None:
    with pytest.raises(
        PluginError, match=r"the plugin import-error 0.1 is needed and was not loaded \(failed\): sampl"
    ):
        plugins_of(profile(plugins={"require": ["import-error"]}))
    with pytest.raises(PluginError, match=r"the plugin blocked 1.0 is needed and was not loaded \(blocked\)"):
        plugins_of(profile(plugins={"require": ["blocked"], "block": ["blocked"]}))


@pytest.mark.usefixtures("installed")
def test_required_plugins_that_are_there_change_nothing() -> None:
    required = {"require": ["good-environment>=1,<2", "bundled"]}
    assert plugins_of(profile(plugins=required)).names(EnvironmentOffer) == Plugins().names(EnvironmentOffer)


def test_a_requirement_that_cannot_be_read_is_told() -> None:
    with pytest.raises(PluginError, match=r"plugins.require: 'my envs' is no name such as my-envs or my-envs>=0.2"):
        plugins_of(profile(plugins={"require": ["my envs"]}))
