"""A plugin for hooks that do not exist yet."""

from __future__ import annotations

from gameable import hookimpl

print("sample_needs_newer was imported")  # noqa: T201


@hookimpl
def gameable_telepathies() -> list[object]:
    """Offer what no gameable knows of so far."""
    return []
