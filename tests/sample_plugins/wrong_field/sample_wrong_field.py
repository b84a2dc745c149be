"""A plugin that hands over its class, where `module:attribute` is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gameable import RewardOffer, hookimpl


class Never:
    """Not even a reward."""


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer a reward."""
    factory: Any = Never
    yield RewardOffer(name="never", summary="A class.", factory=factory)
