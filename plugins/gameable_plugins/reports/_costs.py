"""What runs took, by kind of step: time, episodes, tokens, GPU-hours. What was not recorded is not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from gameable_plugins.reports._summary import duration

Milestones = Mapping[str, Mapping[str, Any]]

_STEPS = {
    "rewards": "preparing rewards",
    "sampled": "sampling for training",
    "scored": "scoring",
    "trained": "training",
    "evaluated": "evaluating",
    "monitors": "monitors",
}
"""Kinds of milestones that say what they took, in the order of a run."""


@dataclass(frozen=True, slots=True)
class _Spent:
    seconds: float | None = 0.0
    """None where a step was stopped and resumed, as nobody knows how long it was worked on."""
    episodes: int = 0
    tokens: int = 0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        return cls(body.get("seconds", 0.0), body.get("episodes", body.get("inspected", 0)), body.get("tokens", 0))

    def __add__(self, other: Self) -> Self:
        seconds = None if self.seconds is None or other.seconds is None else self.seconds + other.seconds
        return type(self)(seconds, self.episodes + other.episodes, self.tokens + other.tokens)


def rows(runs: Sequence[Milestones]) -> list[tuple[str, str, str, str]]:
    """Return step, time, episodes and tokens of all runs together, with a last row for their sum; none without any."""
    spent = {kind: _Spent() for kind in _STEPS}
    for milestones in runs:
        for kind, body in _told(milestones):
            spent[kind] += _Spent.of(body)
    found = {_STEPS[kind]: each for kind, each in spent.items() if each != _Spent()}
    whole = sum(found.values(), start=_Spent())
    return [_row(what, each) for what, each in {**found, "all": whole}.items()] if found else []


def _told(milestones: Milestones) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the kind of each step with what it says of itself."""
    for name, body in milestones.items():
        first, _, last = name.partition("/")
        kind = first if first == "rewards" else last.rpartition("/")[2]
        if kind in _STEPS:
            yield kind, body
        watched = body.get("monitors")
        if isinstance(watched, dict):
            yield from (("monitors", each) for each in watched.values())


def _row(what: str, spent: _Spent) -> tuple[str, str, str, str]:
    episodes, tokens = (f"{count:,}" if count else "" for count in (spent.episodes, spent.tokens))
    return what, duration(spent.seconds) or "not known", episodes, tokens


def gpu_hours(runs: Sequence[Milestones]) -> str:
    """Say how many hours GPUs were held, of runs that are finished and have noted how many there were."""
    ended = [each["run/finished"] for each in runs if "run/finished" in each]
    noted = [each for each in ended if "gpus" in each]
    if not noted or len(noted) < len(runs):
        return "not known: " + (
            "a run is not finished yet" if len(ended) < len(runs) else "a run did not note its GPUs"
        )
    if not any(each["gpus"] for each in noted):
        return "0: no GPU was there"
    if any(each["seconds"] is None for each in noted):
        return "not known: a run was stopped in the middle of a step and resumed"
    hours = sum(each["seconds"] / 3600 * each["gpus"] for each in noted)
    return f"{hours:.3g} ({max(each['gpus'] for each in noted)} held at a time, idle or not)"
