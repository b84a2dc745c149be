"""Plays episodes as an evaluation does, everything stored, and times it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

from gameable import Environment, Episode, Policy
from gameable.plugins import Plugins
from gameable.profile import Sampling
from gameable.rollout import Play, Rollout
from gameable.runs import cache_folder
from gameable.store import Store
from gameable_plugins.optimizers._training import has_bf16
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_policies import models
from measure import Timer, scratch

MODEL = models.SMOLLM
COMMANDS = ("ls -la", "cat $(ls)", "grep -rn reward . | head -n 5")
"""What scripted replies run, one command a turn."""


@cache
def precision() -> Literal["bfloat16", "float32"]:
    """Return what models are run in here: bfloat16 where the hardware computes in it."""
    return "bfloat16" if has_bf16() else "float32"


def precisely() -> str:
    """Say what models are run in, for a note."""
    return precision() if has_bf16() else "float32, as this processor does not compute in bfloat16"


def environment(name: str) -> Environment:
    """Return a bundled environment in the prompt style for small models."""
    return Plugins().environment(name, {"prompt": "short"})


def prepared(policy: Policy) -> Policy:
    """Fetch and load a policy's model."""
    policy.adopt(policy.fetch(cache_folder()))
    return policy


def plays(played: Environment, variants: int, samples: int = 1) -> list[Play]:
    """Return evaluation episodes of the first variants; there are as many variants as the environment has at most."""
    tasks = [played.task("eval", index) for index in range(min(variants, played.size("eval")))]
    return [Play(f"evaluate/{task.variant}/{sample}", task) for task in tasks for sample in range(samples)]


def play(
    policy: Policy, played: Environment, episodes: Sequence[Play], sampling: Sampling
) -> tuple[float, list[Episode]]:
    """Play into a fresh store; return the seconds that took, and the episodes in the order of their ids."""
    name = episodes[0].task.environment
    rollout = Rollout(policy, Bashkit(), {name: played}, sampling, model="start", seed=1)
    with scratch() as folder, Store.create(folder / "run", {}) as store:
        with Timer() as timer:
            rollout.run(episodes, set(), store.add_episodes)
        return timer.seconds, list(store.episodes())


def speed(policy: Policy, played: Environment, episodes: Sequence[Play], sampling: Sampling) -> float:
    """Play, and return sampled tokens a second."""
    seconds, finished = play(policy, played, episodes, sampling)
    return sum(episode.sampled_tokens for episode in finished) / seconds
