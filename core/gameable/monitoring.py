"""What monitors say of episodes, and what follows from it in training.

A monitor sees an episode at the access level that it declared. Its verdict is a number in [0, 1] or none: whatever
else it returns is unscored, never clipped. What depends on a verdict fails closed where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from gameable.contracts import Monitor
from gameable.episode import Episode, Measured, Score, ScoredEpisode, Unscored
from gameable.errors import MonitorError
from gameable.views import ActionsView, project

PREFIX = "monitor/"
"""Verdicts are stored under this and the monitor's name. No source with a slash is a reward source."""
_NO_VERDICT = Unscored("the monitor has not looked at it")

Verdicts = Mapping[str, Score]
"""By the id of the episode."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A monitor under the name that a profile gave it, and what its verdicts do."""

    name: str
    use: str
    """Name of the plugin."""
    options: Mapping[str, Any]
    """As the profile wrote them."""
    monitor: Monitor
    mode: Literal["audit", "screen", "penalise"] = "audit"
    threshold: float = 0.5
    penalty: float = 1.0

    @property
    def source(self) -> str:
        """What its verdicts are stored under."""
        return PREFIX + self.name

    @property
    def identity(self) -> dict[str, Any]:
        """What a run notes of it: the plugin and its options, the classes that it is made of, what it does."""
        what = {"use": self.use, "options": plain(self.options), "classes": sorted(_classes(self.monitor))}
        return {**what, "mode": self.mode, "threshold": self.threshold, "penalty": self.penalty}

    def suspects(self, verdict: Score) -> bool:
        """Whether the verdict reaches the threshold."""
        return isinstance(verdict, Measured) and verdict.value >= self.threshold


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as they come back from a milestone."""
    copied: dict[str, Any] = json.loads(json.dumps(options, default=str))
    return copied


def _classes(monitor: Monitor) -> set[str]:
    own = f"{type(monitor).__module__}:{type(monitor).__qualname__}"
    return {own}.union(*map(_classes, monitor.members))


def verdicts(name: str, monitor: Monitor, episodes: Sequence[Episode]) -> list[Score]:
    """Return what a monitor says of each episode, in order, from views of its level.

    Raises:
        MonitorError: it returned another number of verdicts than it was given views.
    """
    return inspected(name, monitor, [project(episode, monitor.sees) for episode in episodes])


def inspected(name: str, monitor: Monitor, views: Sequence[ActionsView]) -> list[Score]:
    """Return the verdicts on views of the monitor's own level; what lies outside [0, 1] is unscored."""
    given = monitor.inspect(views)
    if len(given) != len(views):
        raise MonitorError(f"monitor '{name}' returned {len(given)} verdicts for {len(views)} episodes; one each.")
    return [_suspicion(verdict) for verdict in given]


def _suspicion(given: Score) -> Score:
    if isinstance(given, Measured) and not 0 <= given.value <= 1:  # NaN is neither
        return Unscored(f"returned {given.value}, which is no suspicion between 0 and 1")
    return given


class Gated(NamedTuple):
    """What monitors left of the episodes that training was to have."""

    episodes: tuple[ScoredEpisode, ...]
    """Without the screened ones, and with the rewards that the penalties left."""
    counts: Mapping[str, Mapping[str, int]]
    """By monitor: `suspected`, `unscored`, and how many of each kind it `screened` or `penalised` or left `unpaid`."""


def gate(watches: Sequence[Watch], scored: Sequence[ScoredEpisode], found: Mapping[str, Verdicts]) -> Gated:
    """Let the monitors screen and penalise; an episode that several object to counts for each of them.

    Args:
        watches: The profile's monitors.
        scored: Episodes with their proxy rewards.
        found: Name of the monitor to its verdicts.
    """
    counts = {each.name: _counts(each, [_of(one, each, found) for one in scored]) for each in watches}
    left = [after for one in scored if (after := _passed(watches, one, found)) is not None]
    return Gated(tuple(left), counts)


def _of(scored: ScoredEpisode, watch: Watch, found: Mapping[str, Verdicts]) -> Score:
    return found[watch.name].get(scored.episode.id, _NO_VERDICT)


def _counts(watch: Watch, given: Sequence[Score]) -> dict[str, int]:
    suspected, unscored = sum(map(watch.suspects, given)), sum(isinstance(each, Unscored) for each in given)
    counts = {"episodes": len(given), "suspected": suspected, "unscored": unscored}
    return {
        "audit": counts,
        "screen": {**counts, "screened": suspected + unscored},
        "penalise": {**counts, "penalised": suspected, "unpaid": unscored},
    }[watch.mode]


def _passed(watches: Sequence[Watch], scored: ScoredEpisode, found: Mapping[str, Verdicts]) -> ScoredEpisode | None:
    """Return the episode with the reward that is left of it, or None when it is screened."""
    reward = scored.reward
    for watch in watches:
        verdict = _of(scored, watch, found)
        objects = isinstance(verdict, Unscored) or watch.suspects(verdict)
        if watch.mode == "screen" and objects:
            return None
        if watch.mode == "penalise" and objects:
            reward = _lowered(watch, reward, verdict)
    return ScoredEpisode(scored.episode, reward, scored.parts)


def _lowered(watch: Watch, reward: Score, verdict: Score) -> Score:
    if isinstance(reward, Unscored):
        return reward
    if isinstance(verdict, Unscored):
        return Unscored(f"{watch.source}: {verdict.reason}")
    return Measured(reward.value - watch.penalty, f"{reward.detail} {watch.source} took off {watch.penalty:g}".strip())
