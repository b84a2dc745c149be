"""A plugin whose hook returns an offer, not offers."""

from __future__ import annotations

from gameable import RewardOffer, hookimpl


@hookimpl
def gameable_rewards():  # type: ignore[no-untyped-def]  # noqa: ANN201  annotations would tell before the call
    """Offer a reward."""
    return RewardOffer(name="never", summary="Alone.", factory="sample_wrong_return:Never")
