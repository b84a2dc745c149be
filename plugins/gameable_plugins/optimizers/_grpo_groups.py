"""Samples of one prompt as a group, token for token as they were sampled, padded to groups of one size.

A group may lack samples: some were not measured, or were too long. It is filled up with blanks, which carry neither
reward nor loss, so what was measured is compared with what was measured and nothing more is lost. A sample that is
alone with its prompt has nothing to be compared with and is left out, planted ones among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gameable import Measured, ScoredEpisode


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply to a prompt."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    written: tuple[int, ...]
    """1 for each token of the completion that the model wrote, 0 for what the harness spliced in."""
    reward: float | None
    """None for a blank."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """The whole sequence."""
        return self.prompt + self.completion


Group = tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """What a round's episodes come to."""

    groups: tuple[Group, ...]
    """In the order of their first episodes; only prompts with several usable samples, without blanks."""
    unscored: int
    dropped: int
    """Measured, but longer than what fits or without a token that the model wrote."""
    alone: int
    """Usable, but the only one of their prompt."""

    @property
    def varying(self) -> tuple[Group, ...]:
        """Groups whose samples were not all paid the same: the only ones with advantages."""
        return tuple(group for group in self.groups if len({sample.reward for sample in group}) > 1)

    def padded(self, processes: int) -> list[Group]:
        """Fill all groups up to the size of the largest, or so far beyond that `processes` can share them equally."""
        multiple = processes // math.gcd(processes, len(self.groups))
        size = math.ceil(max(map(len, self.groups)) / multiple) * multiple
        return [group + (_blank(group[0]),) * (size - len(group)) for group in self.groups]


def group(episodes: Sequence[ScoredEpisode], max_tokens: int) -> Groups:
    """Group the usable episodes by prompt (environment and variant), and count the others."""
    measured = [each for each in episodes if isinstance(each.reward, Measured) and math.isfinite(each.reward.value)]
    groups: dict[object, list[Sample]] = {}
    for scored in measured:
        sample, task = _sample(scored), scored.episode.task
        if len(sample.tokens) <= max_tokens and any(sample.written):
            groups.setdefault((task.environment, task.split, task.variant), []).append(sample)
    usable, alone = sum(map(len, groups.values())), sum(len(samples) == 1 for samples in groups.values())
    compared = tuple(tuple(samples) for samples in groups.values() if len(samples) > 1)
    return Groups(compared, len(episodes) - len(measured), len(measured) - usable, alone)


def _sample(scored: ScoredEpisode) -> Sample:
    assert isinstance(scored.reward, Measured)
    completion: list[int] = []
    written: list[int] = []
    for segment in scored.episode.segments:
        completion += segment.tokens
        written += [int(segment.kind == "model")] * len(segment.tokens)
    return Sample(scored.episode.prompt_tokens, tuple(completion), tuple(written), scored.reward.value)


def _blank(like: Sample) -> Sample:
    """As short as may be: one token of context and one that carries no loss."""
    return Sample(like.tokens[:1], like.tokens[:1], (0,), None)
