from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, get_args, get_type_hints

import pytest

from gameable import EnvironmentOffer, PluginError, RewardOffer, hookimpl, hookspecs
from gameable.discovery import Origin
from gameable.hook_checks import HOOKS
from gameable.plugins import Plugins

ORIGIN = Origin("tried", "1.0", "tried")


def refused(plugin: object) -> str:
    """Register a plugin that must not be, and return why."""
    plugins = Plugins()
    before = plugins.rows()
    with pytest.raises(PluginError) as told:
        plugins.register(plugin, ORIGIN)
    assert plugins.rows() == before
    return str(told.value)


def test_every_hook_of_the_specification_is_checked_against_what_it_promises() -> None:
    specified = {name: each for name, each in vars(hookspecs).items() if name.startswith("gameable_")}
    promised = {name: get_args(get_type_hints(each)["return"])[0] for name, each in specified.items()}
    assert promised == HOOKS


def test_a_misspelt_hook_is_told_with_the_nearest_one() -> None:
    class Misspelt:
        @hookimpl
        def gameable_enviroments(self) -> list[EnvironmentOffer]:
            return []

    assert refused(Misspelt()) == "unknown hook 'gameable_enviroments'. Did you mean gameable_environments?"


def test_a_hook_that_is_not_marked_is_told() -> None:
    class Unmarked:
        def gameable_rewards(self) -> list[RewardOffer]:
            return []

    assert refused(Unmarked()) == "gameable_rewards is not marked as a hook. Write @gameable.hookimpl above it."


def test_a_plugin_without_hooks_is_told() -> None:
    assert refused(object()).startswith("it implements no hook. Hooks: gameable_environments, gameable_policies, ")


def test_an_argument_with_a_default_is_one_too_many_as_well() -> None:
    class Curious:
        @hookimpl
        def gameable_rewards(self, extra: int = 3) -> list[RewardOffer]:
            return []

    assert refused(Curious()) == (
        "gameable_rewards takes extra, and hooks take nothing. Wanted: def gameable_rewards() -> Iterable[RewardOffer]"
    )


def test_an_async_hook_is_told() -> None:
    class Late:
        @hookimpl
        async def gameable_rewards(self) -> AsyncIterator[RewardOffer]:
            yield RewardOffer("late", "", "x:x")

    assert refused(Late()).startswith("gameable_rewards is async, and hooks are not. Wanted: ")


class OfText:
    @hookimpl
    def gameable_rewards(self) -> list[str]:
        raise AssertionError("called although its annotation is wrong")


class OfOtherOffers:
    @hookimpl
    def gameable_rewards(self) -> Iterable[EnvironmentOffer]:
        raise AssertionError("called although its annotation is wrong")


class OfOne:
    @hookimpl
    def gameable_rewards(self) -> RewardOffer:
        raise AssertionError("called although its annotation is wrong")


class OfAMapping:
    @hookimpl
    def gameable_rewards(self) -> dict[str, RewardOffer]:
        raise AssertionError("called although its annotation is wrong")


class OfNothing:
    @hookimpl
    def gameable_rewards(self) -> None:
        raise AssertionError("called although its annotation is wrong")


@pytest.mark.parametrize(
    ("plugin", "shown"),
    [
        (OfText(), "list[str]"),
        (OfOtherOffers(), "collections.abc.Iterable[gameable.offers.EnvironmentOffer]"),
        (OfOne(), "RewardOffer"),
        (OfAMapping(), "dict[str, gameable.offers.RewardOffer]"),
        (OfNothing(), "NoneType"),
    ],
)
def test_an_annotation_that_promises_something_else_is_refused_before_the_call(plugin: object, shown: str) -> None:
    assert refused(plugin) == (
        f"gameable_rewards is annotated to return {shown}. Wanted: def gameable_rewards() -> Iterable[RewardOffer]"
    )


class AsAList:
    @hookimpl
    def gameable_rewards(self) -> list[RewardOffer]:
        return [RewardOffer("fine", "", "x:x")]


class AsAnIterator:
    @hookimpl
    def gameable_rewards(self) -> Iterator[RewardOffer]:
        yield RewardOffer("fine", "", "x:x")


class AsASequenceOfAnything:
    @hookimpl
    def gameable_rewards(self) -> Sequence[Any]:
        return (RewardOffer("fine", "", "x:x"),)


class UnderAnotherName:
    @hookimpl(specname="gameable_rewards")
    def rewards_of_mine(self) -> list[RewardOffer]:
        return [RewardOffer("fine", "", "x:x")]


class WithoutAnnotation:
    @hookimpl
    def gameable_rewards(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        yield RewardOffer("fine", "", "x:x")


class WithNamesThatOnlyCheckersSee:
    @hookimpl
    def gameable_rewards(self) -> Iterable[Elsewhere]:  # type: ignore[name-defined]  # noqa: F821
        yield RewardOffer("fine", "", "x:x")


@pytest.mark.parametrize(
    "plugin",
    [
        AsAList(),
        AsAnIterator(),
        AsASequenceOfAnything(),
        UnderAnotherName(),
        WithoutAnnotation(),
        WithNamesThatOnlyCheckersSee(),
    ],
    ids=lambda plugin: type(plugin).__name__,
)
def test_every_usual_way_to_annotate_is_accepted(plugin: object) -> None:
    plugins = Plugins()
    plugins.register(plugin, ORIGIN)
    assert "fine" in plugins.names(RewardOffer)


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        (RewardOffer("Not Fine", "", "x:x"), "the name 'Not Fine' must be lower case, words joined by hyphens."),
        (RewardOffer("fine", "", "x.y"), "the factory 'x.y' of 'fine' must be module:attribute."),
    ],
)
def test_an_offer_that_no_profile_could_name_or_load_is_refused(offer: RewardOffer, told: str) -> None:
    class Offers:
        @hookimpl
        def gameable_rewards(self) -> list[RewardOffer]:
            return [offer]

    assert refused(Offers()) == f"gameable_rewards: {told}"
