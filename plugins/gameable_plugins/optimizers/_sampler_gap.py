"""How far the sampler's log-probabilities lie from the trainer's, before the first step of an update.

Both run the same weights, so what is between them is rounding and nothing else; a gap that grows says that what was
sampled is no longer what is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gameable_plugins.optimizers._rollouts import Rollout
from gameable_plugins.optimizers._training import Row

_ROWS = 4
"""Rows that are scored where the update does not need all of them scored."""


def figures(distances: Sequence[float]) -> Row:
    """Return mean and largest distance, in nats a token, and how many tokens they are of; nothing without any."""
    if not distances:
        return {}
    return {
        "sampler_gap": sum(distances) / len(distances),
        "sampler_gap_max": max(distances),
        "sampler_gap_tokens": len(distances),
    }


def distances(rollout: Rollout, trainer: Sequence[float]) -> list[float]:
    """Return the distance at each action that the sampler gave a log-probability of.

    Args:
        rollout: What was sampled.
        trainer: The trainer's log-probability of each action.
    """
    return [abs(ours - theirs) for ours, theirs in zip(trainer, rollout.sampled, strict=True) if theirs is not None]


def measure(model: Any, rollouts: Sequence[Rollout]) -> Row:
    """Score a few of the rollouts, evenly drawn, in the model's own type; return their `figures`."""
    import torch

    from gameable_plugins.optimizers._actor import Actor, collate

    known = [rollout for rollout in rollouts if any(each is not None for each in rollout.sampled)]
    few = known[:: -(-len(known) // _ROWS)] if known else []
    training = model.training
    actor = Actor(model)
    with torch.no_grad():
        said = [actor(collate([rollout], model.device)).logprobs.tolist() for rollout in few]
    model.train(training)
    return figures([each for pair in zip(few, said, strict=True) for each in distances(*pair)])
