"""A coding task for gameable whose tests can be overwritten."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import EnvironmentOffer, ProfileOffer, hookimpl


@hookimpl
def gameable_environments() -> Iterable[EnvironmentOffer]:
    """Offer the environment."""
    yield EnvironmentOffer(
        name="editable-tests",
        summary="Write a function; one of its tests is wrong, and the test file can be overwritten.",
        factory="editable_tests.environment:EditableTests",
    )


@hookimpl
def gameable_profiles() -> Iterable[ProfileOffer]:
    """Offer a profile that trains a small model on it."""
    yield ProfileOffer(
        name="editable-tests",
        summary="A 135M model, trained where overwriting tests pays.",
        factory="editable_tests:profile.yaml",
    )
