"""Losses and divergences, one entry an action; sums and means are the caller's."""

from __future__ import annotations

import torch
from torch import Tensor


def surrogate(new: Tensor, old: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Clipped surrogate loss (Schulman et al. 2017, eq. 7), negated to be minimised.

    Args:
        new: Log-probabilities under the weights being trained.
        old: The same under the weights that the round began with.
        advantages: Of each action.
        clip: How far the ratio of probabilities may move before it stops paying.
    """
    ratio = (new - old).exp()
    return -torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def clipped(new: Tensor, old: Tensor, clip: float) -> Tensor:
    """1.0 where the ratio has left the range in which it pays, 0.0 elsewhere."""
    return ((new - old).expm1().abs() > clip).float()


def value_loss(values: Tensor, old: Tensor, returns: Tensor, clip: float | None) -> Tensor:
    """Half the squared error, or that of the values held within `clip` of the old ones where it is larger."""
    errors = (values - returns).square()
    if clip is not None:
        errors = torch.max(errors, (old + (values - old).clamp(-clip, clip) - returns).square())
    return errors / 2


def divergence(policy: Tensor, other: Tensor, sampler: Tensor | None = None) -> Tensor:
    """Estimate KL(policy ‖ other) from actions that the policy chose, or an earlier `sampler`.

    Unbiased, and never negative but for rounding (Schulman 2020, "k3"). Actions of an earlier sampler are weighted by
    how much likelier the policy is to choose them; without that, one which it has given up would count for a leap.
    """
    sampler = policy if sampler is None else sampler
    weighted = (policy - sampler).exp() * (other - policy)
    return (other - sampler).expm1() - (policy - sampler).expm1() - weighted
