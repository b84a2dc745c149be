"""Credit: how much better each action was than expected. Every vector holds one entry an action, without gaps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_ROUNDING = 1e-6
"""Differences below this share of the largest value are rounding, not signal."""


def token_rewards(reward: float, logprobs: Tensor, reference: Tensor, kl_coef: float) -> Tensor:
    """Reward of each action: the cost of leaving the reference, and on the last action what the episode was paid.

    The cost is `kl_coef` times the log-ratio, whose mean over samples is the KL divergence (Ziegler et al. 2019).
    """
    rewards = -kl_coef * (logprobs - reference)
    rewards[-1] += reward
    return rewards


def gae(rewards: Tensor, values: Tensor, gamma: float, lam: float) -> Tensor:
    """Generalised advantage estimation (Schulman et al. 2016, eq. 16); the state after the last action is worth 0.

    Args:
        rewards: Of each action.
        values: Of the state before each action.
        gamma: Discount an action.
        lam: Weight of longer estimates: 0 trusts the values alone, 1 the rewards alone.
    """
    advantages: list[float] = []
    advantage = following = 0.0
    for reward, value in zip(reversed(rewards.tolist()), reversed(values.tolist()), strict=True):
        advantage = reward + gamma * following - value + gamma * lam * advantage
        following = value
        advantages.append(advantage)
    return torch.tensor(advantages[::-1], dtype=rewards.dtype)


def leave_one_out(rewards: Sequence[float]) -> list[float]:
    """Each reward less the mean of the others (Ahmadian et al. 2024, section 2.3); at least two."""
    others = len(rewards) - 1
    return [reward - (sum(rewards) - reward) / others for reward in rewards]


def whiten(advantages: Sequence[Tensor]) -> list[Tensor]:
    """Shift and scale the actions of all rows together to mean 0 and deviation 1; equal ones become 0."""
    together = torch.cat(list(advantages)).double()
    centred = together - together.mean()
    deviation = centred.square().mean().sqrt()
    if deviation <= _ROUNDING * together.abs().max():
        return [torch.zeros_like(row) for row in advantages]
    scaled = (centred / deviation).to(advantages[0].dtype)
    return list(torch.split(scaled, [len(row) for row in advantages]))


def explained_variance(values: Tensor, returns: Tensor) -> float | None:
    """Share of the variance of the returns that the values foresaw: at most 1; None when returns do not vary."""
    total = returns.double().var(correction=0).item()
    if total <= (_ROUNDING * returns.abs().max().item()) ** 2:
        return None
    return 1 - (returns - values).double().var(correction=0).item() / total
