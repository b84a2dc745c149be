"""Monitors and mitigations that ship with gameable."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import RewardOffer, hookimpl


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer the mitigations that work through the reward."""
    yield RewardOffer(
        name="early-stage-penalty",
        summary="Charges for gaming in the first two environments, so that it does not pay there.",
        factory="gameable_oversight.mitigations.early_stage_penalty:EarlyStagePenalty",
    )
