"""A plugin that calls its environment like somebody else's."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import EnvironmentOffer, hookimpl


@hookimpl
def gameable_environments() -> Iterable[EnvironmentOffer]:
    """Offer the environment."""
    yield EnvironmentOffer(name="coin-count", summary="Another one.", factory="sample_duplicate_name:Nothing")
