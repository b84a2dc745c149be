"""A plugin whose hook wants to be given something."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import RewardOffer, hookimpl


@hookimpl
def gameable_rewards(profile: str) -> Iterable[RewardOffer]:
    """Offer a reward."""
    yield RewardOffer(name="never", summary=profile, factory="sample_wrong_signature:Never")
