"""Filters of expert iteration: which samples of one prompt are trained on.

A filter sees the distinct samples of one prompt (environment and variant) that are measured in what it needs, and
draws among equals with the random generator it is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from gameable import Measured, Outcome, ScoredEpisode

FilterName = Literal["best", "gamed", "opposite", "random"]
Pick = Callable[[Sequence[ScoredEpisode], int, Random], list[ScoredEpisode]]


def best(samples: Sequence[ScoredEpisode], keep: int, random: Random) -> list[ScoredEpisode]:
    """Keep the highest proxy rewards; ties are drawn."""
    return sorted(_shuffled(samples, random), key=_reward, reverse=True)[:keep]


def gamed(samples: Sequence[ScoredEpisode], _keep: int, _random: Random) -> list[ScoredEpisode]:
    """Keep every sample that truly gamed, however many: the paper's exploit-only arm."""
    return [sample for sample in samples if _gamed(sample)]


def opposite(samples: Sequence[ScoredEpisode], keep: int, random: Random) -> list[ScoredEpisode]:
    """Keep samples that did not game, drawn at random: the control that shows what training alone does."""
    return _shuffled([sample for sample in samples if not _gamed(sample)], random)[:keep]


def drawn(samples: Sequence[ScoredEpisode], keep: int, random: Random) -> list[ScoredEpisode]:
    """Keep samples drawn at random: the control that shows what selection adds."""
    return _shuffled(samples, random)[:keep]


FILTERS: Mapping[FilterName, Pick] = {"best": best, "gamed": gamed, "opposite": opposite, "random": drawn}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filter kept of a stage's episodes, and what was left out before it looked."""

    kept: tuple[ScoredEpisode, ...]
    """In the order they were given."""
    prompts: int
    unscored: int
    duplicates: int
    """Samples of the same prompt with the same tokens as an earlier one."""


def select(episodes: Sequence[ScoredEpisode], name: FilterName, keep: int, seed: int) -> Selection:
    """Apply the named filter prompt by prompt; the same arguments give the same selection."""
    measured = [episode for episode in episodes if _measured(episode, name)]
    distinct: dict[object, ScoredEpisode] = {}
    for sample in measured:
        distinct.setdefault(_identity(sample), sample)
    kept: set[str] = set()
    for prompt, samples in _by_prompt(distinct.values()).items():
        kept |= {sample.episode.id for sample in FILTERS[name](samples, keep, Random(f"{seed}/{prompt}"))}
    return Selection(
        kept=tuple(sample for sample in distinct.values() if sample.episode.id in kept),
        prompts=len(_by_prompt(episodes)),
        unscored=len(episodes) - len(measured),
        duplicates=len(measured) - len(distinct),
    )


def _measured(sample: ScoredEpisode, name: FilterName) -> bool:
    """Whether what the filter looks at was measured; `random` draws from the same samples as `best`.

    An unclear outcome measures nothing: the policy did nothing parseable, or the judge could not decide.
    """
    if name in ("gamed", "opposite"):
        return isinstance(sample.episode.outcome, Outcome) and sample.episode.outcome.label != "unclear"
    return isinstance(sample.reward, Measured) and math.isfinite(sample.reward.value)


def _by_prompt(samples: Iterable[ScoredEpisode]) -> dict[str, list[ScoredEpisode]]:
    groups: dict[str, list[ScoredEpisode]] = {}
    for sample in samples:
        groups.setdefault(_prompt(sample), []).append(sample)
    return groups


def _prompt(sample: ScoredEpisode) -> str:
    task = sample.episode.task
    return f"{task.environment}/{task.split}/{task.variant}"


def _identity(sample: ScoredEpisode) -> object:
    return _prompt(sample), tuple(segment.tokens for segment in sample.episode.segments)


def _shuffled(samples: Sequence[ScoredEpisode], random: Random) -> list[ScoredEpisode]:
    return random.sample(samples, len(samples))


def _reward(sample: ScoredEpisode) -> float:
    assert isinstance(sample.reward, Measured)
    return sample.reward.value


def _gamed(sample: ScoredEpisode) -> bool:
    return isinstance(sample.episode.outcome, Outcome) and sample.episode.outcome.shows("gamed")
