"""A plugin that is told apart by what it prints when it is imported."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import RewardOffer, hookimpl

print("sample_blocked was imported")  # noqa: T201


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer a reward."""
    yield RewardOffer(name="noisy", summary="Prints.", factory="sample_blocked:Noisy")
