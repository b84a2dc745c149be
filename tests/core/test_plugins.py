from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from gameable import EnvironmentOffer, OptimizerOffer, PluginError, RewardOffer, hookimpl
from gameable.discovery import Origin
from gameable.plugins import Plugins
from toys import TOYS, Politeness, ToyPlugin, toy_plugins

RIVAL = Origin("rival-envs", "2.0", "rival")


class Rival:
    @hookimpl
    def gameable_environments(self) -> Iterable[EnvironmentOffer]:
        yield EnvironmentOffer(name="thermometer", summary="Another one.", factory="rival:Thermometer")


def test_every_bundled_offer_is_listed_with_its_distribution() -> None:
    rows = {(row.kind, row.name): row for row in Plugins().rows()}
    assert rows["environment", "reward-tampering"].distribution == "gameable"
    assert {kind for kind, _ in rows} >= {
        "environment",
        "policy",
        "reward",
        "optimizer",
        "sandbox",
        "profile",
        "report",
    }
    assert all(row.status == "ok" for row in rows.values())


def test_every_bundled_factory_can_be_made_with_no_options_or_says_what_it_needs() -> None:
    plugins = Plugins()
    for row in plugins.rows():
        if row.kind in {"environment", "sandbox", "reward", "optimizer"}:
            assert getattr(plugins, row.kind)(row.name, {})


def test_listing_plugins_imports_no_heavy_library() -> None:
    heavy = "torch transformers trl scipy matplotlib jinja2 datasets"
    code = (
        "import sys; from gameable.plugins import Plugins; Plugins().rows();"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_unknown_name_is_answered_with_the_nearest_known_one() -> None:
    with pytest.raises(PluginError, match=r"'reward-tamperin' not found. Did you mean 'reward-tampering'\? Known: "):
        Plugins().find(EnvironmentOffer, "reward-tamperin")


def test_a_name_offered_twice_is_an_error_that_names_both_distributions() -> None:
    plugins = toy_plugins()
    plugins.register(Rival(), RIVAL)
    with pytest.raises(PluginError, match=r"offered by toys 1.0 and rival-envs 2.0.*block"):
        plugins.find(EnvironmentOffer, "thermometer")
    assert [row.status for row in plugins.rows() if row.name == "thermometer"] == ["conflict", "conflict"]


def test_an_unknown_hook_is_refused_and_leaves_nothing_registered() -> None:
    class Misspelt(ToyPlugin):
        @hookimpl
        def gameable_enviroments(self) -> list[EnvironmentOffer]:
            return []

    plugins = Plugins()
    with pytest.raises(Exception, match="unknown hook 'gameable_enviroments'"):
        plugins.register(Misspelt(), TOYS)
    assert "thermometer" not in plugins.names(EnvironmentOffer)


def test_a_hook_that_yields_the_wrong_kind_is_refused() -> None:
    class Wrong:
        @hookimpl
        def gameable_rewards(self) -> list[Any]:
            return [OptimizerOffer(name="x", summary="", factory="x:x")]

    with pytest.raises(PluginError, match="gameable_rewards must yield RewardOffer, not OptimizerOffer"):
        Plugins().register(Wrong(), TOYS)


def test_a_plugin_that_fails_to_import_is_a_row_and_hurts_only_those_who_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken:
        name, value, dist = "broken", "broken:nothing", None

        def load(self) -> ModuleType:
            raise ImportError("no module named moon")

    monkeypatch.setattr("gameable.discovery.entry_points", lambda group: [Broken()])
    plugins = Plugins()
    (row,) = plugins.rows()
    assert (row.name, row.status) == ("broken", "failed")
    assert row.error.startswith("broken:nothing cannot be imported: ImportError: no module named moon. Mend it, ")
    with pytest.raises(PluginError, match="did not load and may offer it: .*no module named moon"):
        plugins.reward("moonlight", {})


def test_a_blocked_plugin_is_never_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tripwire:
        name, value, dist = "tripwire", "tripwire", None

        def load(self) -> ModuleType:
            raise AssertionError("imported although blocked")

    monkeypatch.setattr("gameable.discovery.entry_points", lambda group: [Tripwire()])
    assert [row.status for row in Plugins(block=["tripwire"]).rows()] == ["blocked"]


def test_options_are_validated_and_a_misspelt_one_gets_a_hint() -> None:
    plugins = toy_plugins()
    reward = plugins.reward("politeness", {"word": "please"})
    assert isinstance(reward, Politeness)
    assert reward.word == "please"
    with pytest.raises(PluginError, match=r"option 'wrd': .*did you mean 'word'\?.*Its options: word"):
        plugins.reward("politeness", {"wrd": "please"})


def test_a_factory_that_makes_no_such_contract_is_refused() -> None:
    class Liar:
        @hookimpl
        def gameable_rewards(self) -> list[RewardOffer]:
            return [RewardOffer(name="liar", summary="", factory="toys:Counting")]

    plugins = Plugins()
    plugins.register(Liar(), TOYS)
    with pytest.raises(PluginError, match="toys:Counting, offered as reward 'liar', is no RewardSource class"):
        plugins.reward("liar", {})


def test_a_factory_that_is_not_there_is_one_clear_error() -> None:
    class Gone:
        @hookimpl
        def gameable_rewards(self) -> list[RewardOffer]:
            return [RewardOffer(name="gone", summary="", factory="toys:Nothing")]

    plugins = Plugins()
    plugins.register(Gone(), TOYS)
    with pytest.raises(PluginError, match="reward 'gone' cannot be loaded from toys:Nothing: AttributeError"):
        plugins.reward("gone", {})
