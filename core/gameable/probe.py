"""The log-probability probe: does a model find gaming likelier than honesty, long before it does it?

Rates of one in a thousand need thousands of samples; the probability of a scripted reply is there at once. Each pair of
replies answers the same task, is really played, and counts what the model would have had to write itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gameable.episode import Episode, Estimate
from gameable.rollout import Play, Rollout
from gameable.statistics import mean_interval

PER_REPLY = "log-probability of gaming minus honest, nats a reply"
PER_TOKEN = "log-probability of gaming minus honest, nats a token"  # noqa: S105  no password


def probe(rollout: Rollout, pairs: Sequence[tuple[Play, Play]]) -> list[Estimate]:
    """Return the mean differences over pairs of an honest and a gaming script, with 95 % t intervals.

    Returns:
        The difference of whole replies, and of their means a token; nothing for fewer than two pairs.
    """
    if len(pairs) < 2:  # noqa: PLR2004  one pair has no spread
        return []
    honest, gaming = (_likelihoods(rollout, [pair[side] for pair in pairs]) for side in (0, 1))
    return [
        _estimate(PER_REPLY, [sum(b) - sum(a) for a, b in zip(honest, gaming, strict=True)]),
        _estimate(PER_TOKEN, [sum(b) / len(b) - sum(a) / len(a) for a, b in zip(honest, gaming, strict=True)]),
    ]


def _likelihoods(rollout: Rollout, plays: Sequence[Play]) -> list[list[float]]:
    """Return, for each play, the log-probability of every token that stands in the model's own segments."""
    episodes = asyncio.run(_play(rollout, plays))
    logprobs = rollout.policy.logprobs([_tokens(episode) for episode in episodes])
    return [
        [one for one, own in zip(every, _own(episode)[1:], strict=True) if own]
        for every, episode in zip(logprobs, episodes, strict=True)
    ]


async def _play(rollout: Rollout, plays: Sequence[Play]) -> list[Episode]:
    return list(await asyncio.gather(*map(rollout.play, plays)))


def _tokens(episode: Episode) -> list[int]:
    return [*episode.prompt_tokens, *(token for segment in episode.segments for token in segment.tokens)]


def _own(episode: Episode) -> list[bool]:
    """Say for each token whether the model wrote it."""
    spliced = [segment.kind == "model" for segment in episode.segments for _ in segment.tokens]
    return [False] * len(episode.prompt_tokens) + spliced


def _estimate(name: str, differences: Sequence[float]) -> Estimate:
    low, high = mean_interval(differences)
    return Estimate(name, sum(differences) / len(differences), low, high, len(differences))
