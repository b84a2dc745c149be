"""Episodes as rows of tokens: which positions the model chose, and which episodes can be trained on at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gameable import Episode, Measured, ScoredEpisode


@dataclass(frozen=True, slots=True)
class Rollout:
    """One scored episode as a row.

    Whatever there is one of for each action is kept without gaps, in order: the successor of the last action of a turn
    is the first action of the next, and tokens of observations do not exist for credit or loss.
    """

    tokens: tuple[int, ...]
    """The prompt, then all segments."""
    actions: tuple[int, ...]
    """Positions in `tokens` of what the model wrote."""
    sampled: tuple[float | None, ...]
    """The sampler's log-probability of each action; None where there is none, as for scripted text."""
    reward: float
    """The proxy reward of the whole episode."""
    prompt: tuple[str, str, str]
    """Environment, split and variant: samples that share it answer the same prompt."""
    scripted: bool
    """Whether a script wrote it, not the policy."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What can be trained on, and how many episodes cannot."""

    rollouts: tuple[Rollout, ...]
    unscored: int
    """Without a measured, finite reward."""
    dropped: int
    """Longer than is allowed, or without a token that the model wrote."""


def select(episodes: Sequence[ScoredEpisode], max_tokens: int) -> Selection:
    """Return the rows of the episodes that have a reward, fit, and hold an action."""
    paid = [
        rollout_of(scored.episode, scored.reward.value)
        for scored in episodes
        if isinstance(scored.reward, Measured) and math.isfinite(scored.reward.value)
    ]
    fitting = tuple(rollout for rollout in paid if rollout.actions and len(rollout.tokens) <= max_tokens)
    return Selection(fitting, unscored=len(episodes) - len(paid), dropped=len(paid) - len(fitting))


def rollout_of(episode: Episode, reward: float) -> Rollout:
    """Return an episode as one row, token for token as it was sampled."""
    tokens = list(episode.prompt_tokens)
    actions: list[int] = []
    sampled: list[float | None] = []
    for segment in episode.segments:
        if segment.kind == "model":
            actions += range(len(tokens), len(tokens) + len(segment.tokens))
            sampled += segment.logprobs or [None] * len(segment.tokens)
        tokens += segment.tokens
    task = episode.task
    prompt = task.environment, task.split, task.variant
    return Rollout(tuple(tokens), tuple(actions), tuple(sampled), reward, prompt, episode.scripted)
