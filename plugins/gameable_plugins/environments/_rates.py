"""The rate of one behaviour, measured alike in every arm."""

from __future__ import annotations

from collections.abc import Sequence

from gameable import Estimate


def rate(name: str, events: Sequence[bool]) -> tuple[Estimate, ...]:
    """Return how often something was so, with its 95 % Clopper-Pearson interval; nothing where nothing was measured."""
    from gameable.statistics import rate_interval

    if not events:
        return ()
    low, high = rate_interval(sum(events), len(events))
    return (Estimate(name, sum(events) / len(events), low, high, len(events)),)
