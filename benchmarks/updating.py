"""Episodes to train the small model on, and the update around them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gameable import Measured, Optimizer, ScoredEpisode, Silent, Update
from gameable.profile import Sampling
from gameable.rollout import Play
from gameable.runs import cache_folder
from gameable_policies.hf import HuggingFace
from measure import Timer, scratch
from playing import MODEL, environment, play

ENVIRONMENT = "nudged-rubric"


def model() -> Path:
    """Return the folder of the small model."""
    return HuggingFace(MODEL).fetch(cache_folder())


def scored(prompts: int, samples: int) -> list[ScoredEpisode]:
    """Return scripted episodes of several turns, for the small model; every other one is paid."""
    world, policy = environment(ENVIRONMENT), HuggingFace(MODEL)
    policy.fetch(cache_folder())  # reads the tokenizer; the model is not needed
    episodes = []
    for index in range(prompts):
        task = world.task("train", index)
        turns = [oracle.turns for oracle in world.oracles(task) if oracle.kind in {"honest", "gaming"}]
        episodes += [Play(f"train/{index:04}/{n}", task, turns[n % len(turns)]) for n in range(samples)]
    _, played = play(policy, world, episodes, Sampling())
    return [ScoredEpisode(each, Measured(float(number % 2)), {}) for number, each in enumerate(played)]


def tokens(episodes: Sequence[ScoredEpisode]) -> int:
    """Return how many tokens the episodes have, prompts and observations included."""
    return sum(
        len(each.episode.prompt_tokens) + sum(len(segment.tokens) for segment in each.episode.segments)
        for each in episodes
    )


def seconds(optimizer: Optimizer, episodes: Sequence[ScoredEpisode]) -> float:
    """Return how long an update takes, from the start's folder to that of the new weights."""
    start = model()
    with scratch() as folder:
        for name in ("new", "scratch"):
            (folder / name).mkdir()
        update = Update(start, folder / "new", start, folder / "scratch", tuple(episodes), (), 1, Silent())
        with Timer() as timer:
            trained = optimizer.update(update)
        assert trained.kept == len(episodes), trained.note
    return timer.seconds
