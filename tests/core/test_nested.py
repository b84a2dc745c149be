from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from gameable import (
    ActionsView,
    Measured,
    Monitor,
    MonitorOffer,
    MonitorOption,
    PluginError,
    PolicyOption,
    Score,
    hookimpl,
)
from gameable.discovery import Origin
from gameable.factories import load
from gameable.plugins import Plugins
from gameable_policies.scripted import Scripted


@dataclass
class Wraps(Monitor):
    """Has a model and other monitors."""

    policy: PolicyOption
    monitors: tuple[MonitorOption, ...] = ()

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        return [Measured(0.0)] * len(views)


class Offers:
    """Offers it."""

    @hookimpl
    def gameable_monitors(self) -> Iterable[MonitorOffer]:
        yield MonitorOffer(name="wraps", summary="Wraps.", factory="test_nested_plugin:Wraps")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Plugins:
    monkeypatch.setattr("gameable.factories.load", lambda offer: Wraps if offer.name == "wraps" else load(offer))
    found = Plugins()
    found.register(Offers(), Origin("offers", "1.0", "offers"))
    return found


def test_an_option_may_be_a_plugin_with_options_of_its_own(plugins: Plugins) -> None:
    made = plugins.monitor("wraps", {"policy": {"use": "scripted", "script": "toys:sometimes_games"}})
    assert isinstance(made, Wraps)
    assert isinstance(made.policy, Scripted)
    assert made.policy.script == "toys:sometimes_games"


def test_a_name_alone_stands_for_a_plugin_without_options(plugins: Plugins) -> None:
    made = plugins.monitor("wraps", {"policy": "scripted", "monitors": ["rules", {"use": "integrity"}]})
    assert isinstance(made, Wraps)
    assert [type(each).__name__ for each in made.monitors] == ["Rules", "Integrity"]


def test_plugins_nest_as_deep_as_they_are_written(plugins: Plugins) -> None:
    inner = {"use": "wraps", "policy": "scripted", "monitors": ["rules"]}
    made = plugins.monitor("wraps", {"policy": "scripted", "monitors": [inner]})
    assert isinstance(made, Wraps)
    assert isinstance(made.monitors[0], Wraps)


def test_an_inner_plugin_that_nobody_offers_is_told_by_its_name(plugins: Plugins) -> None:
    with pytest.raises(PluginError, match=r"policy 'scriptd' not found. Did you mean 'scripted'"):
        plugins.monitor("wraps", {"policy": "scriptd"})


def test_a_wrong_option_of_an_inner_plugin_is_told_with_its_name(plugins: Plugins) -> None:
    with pytest.raises(PluginError, match=r"policy 'scripted': option 'scrip'.*did you mean 'script'"):
        plugins.monitor("wraps", {"policy": {"use": "scripted", "scrip": "x"}})


@pytest.mark.parametrize("wrong", [3, None, {"model": "gpt2"}, ["scripted"]])
def test_what_names_no_plugin_is_one_clear_error(plugins: Plugins, wrong: object) -> None:
    with pytest.raises(PluginError, match=r"'wraps': option 'policy'.*name a policy, for example \{use: NAME\}"):
        plugins.monitor("wraps", {"policy": wrong})


def test_a_missing_plugin_is_told_with_the_options_that_there_are(plugins: Plugins) -> None:
    with pytest.raises(PluginError, match=r"option 'policy': Field required. Its options: policy, monitors"):
        plugins.monitor("wraps", {})
