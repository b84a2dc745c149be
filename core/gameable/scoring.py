"""Adds up reward sources into the proxy reward.

Each source sees an episode at the access level that it declared. The sum is measured only when every part is: a missing
part is never taken for zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gameable.contracts import RewardSource
from gameable.episode import Episode, Measured, Score, ScoredEpisode, Unscored
from gameable.errors import RewardError
from gameable.views import project


@dataclass(frozen=True, slots=True)
class WeightedSource:
    """A reward source under the name and weight that a profile gave it."""

    name: str
    source: RewardSource
    weight: float


def score(sources: Sequence[WeightedSource], episodes: Sequence[Episode]) -> list[ScoredEpisode]:
    """Score episodes, in order.

    Raises:
        RewardError: a source returned another number of scores than it was given views.
    """
    columns = {each.name: _column(each, episodes) for each in sources}
    weights = {each.name: each.weight for each in sources}
    return [
        _scored(episode, {name: columns[name][i] for name in columns}, weights) for i, episode in enumerate(episodes)
    ]


def _scored(episode: Episode, parts: Mapping[str, Score], weights: Mapping[str, float]) -> ScoredEpisode:
    return ScoredEpisode(episode, total(parts, weights), parts)


def total(parts: Mapping[str, Score], weights: Mapping[str, float]) -> Score:
    """Return the weighted sum, or why there is none."""
    missing = [f"{name}: {part.reason}" for name, part in parts.items() if isinstance(part, Unscored)]
    if missing:
        return Unscored("; ".join(missing))
    return Measured(sum(weights[name] * part.value for name, part in parts.items() if isinstance(part, Measured)))


def _column(each: WeightedSource, episodes: Sequence[Episode]) -> list[Score]:
    scores = each.source.score([project(episode, each.source.access) for episode in episodes])
    if len(scores) != len(episodes):
        raise RewardError(
            f"reward '{each.name}' returned {len(scores)} scores for {len(episodes)} episodes; one each is wanted."
        )
    return [_finite(each.name, given) for given in scores]


def _finite(name: str, given: Score) -> Score:
    if isinstance(given, Measured) and not math.isfinite(given.value):
        return Unscored(f"{name} returned {given.value}")
    return given
