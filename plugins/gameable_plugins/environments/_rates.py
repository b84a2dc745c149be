"""The rate of one behaviour, measured alike in every arm; samples of one variant belong together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gameable import Estimate, Task

if TYPE_CHECKING:
    from gameable.clustered import Clusters

Seen = tuple[Task, bool]
"""What was asked, and whether the behaviour was seen."""


def rate(name: str, seen: Iterable[Seen]) -> tuple[Estimate, ...]:
    """Return how often something was so, with its 95 % interval; nothing of fewer than two variants."""
    from gameable.clustered import FEWEST, interval

    clusters = _by_variant(seen)
    if len(clusters) < FEWEST:
        return ()
    share, n = _share(clusters)
    return (Estimate(name, share, *interval(clusters), n),)


def gap(name: str, one: Iterable[Seen], other: Iterable[Seen]) -> tuple[Estimate, ...]:
    """Return how much more often something was so on one side, with its 95 % interval; nothing of a single variant."""
    from gameable.clustered import FEWEST, difference_interval

    a, b = _by_variant(one), _by_variant(other)
    if min(len(a), len(b)) < FEWEST:
        return ()
    (share_a, n_a), (share_b, n_b) = _share(a), _share(b)
    return (Estimate(name, share_a - share_b, *difference_interval(a, b), n_a + n_b),)


def _by_variant(seen: Iterable[Seen]) -> Clusters:
    from gameable.clustered import pooled

    return pooled({task.variant: (int(event), 1)} for task, event in seen)


def _share(clusters: Clusters) -> tuple[float, int]:
    from gameable.clustered import totals

    events, n = totals(clusters)
    return events / n, n
