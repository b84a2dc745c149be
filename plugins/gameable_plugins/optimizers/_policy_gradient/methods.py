"""How rewards become advantages: what tells PPO from RLOO."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from gameable_plugins.optimizers._policy_gradient.advantages import (
    explained_variance,
    gae,
    leave_one_out,
    token_rewards,
    whiten,
)
from gameable_plugins.optimizers._rollouts import Rollout
from gameable_plugins.optimizers._training import Row


@dataclass(frozen=True, slots=True)
class Scores:
    """What the models said about one rollout before the first step; one entry an action."""

    old: Tensor
    """Log-probabilities under the weights that the round began with, which sampled."""
    reference: Tensor
    """Log-probabilities under the model that the stage began with."""
    values: Tensor
    """Of the state before each action."""


@dataclass(frozen=True, slots=True)
class Credit:
    """What is learned from; one tensor a rollout, one entry an action."""

    advantages: Sequence[Tensor]
    returns: Sequence[Tensor]
    """What the values are trained towards."""
    figures: Row
    """What is worth watching of the whole batch."""

    @property
    def flat(self) -> bool:
        """Whether no action is better than any other, up to rounding."""
        return all(row.abs().max().item() < 1e-6 for row in self.advantages)  # noqa: PLR2004  rounding of float32


@dataclass(frozen=True, slots=True)
class Critic:
    """How the value head is trained."""

    coef: float
    clip: float | None
    learning_rate: float
    shared: bool


class Method(Protocol):
    """An estimator of advantages and what it needs."""

    @property
    def name(self) -> str:
        """Folder of its state in a checkpoint."""

    @property
    def critic(self) -> Critic | None:
        """The value head, if it has one."""

    def usable(self, rollouts: Sequence[Rollout]) -> list[Rollout]:
        """Return the rollouts whose advantage can be estimated."""

    def credit(self, rollouts: Sequence[Rollout], scores: Sequence[Scores]) -> Credit:
        """Estimate advantages."""


@dataclass(frozen=True, slots=True)
class LearnedBaseline:
    """PPO's: generalised advantage estimation over a value head, whitened over the batch."""

    critic: Critic
    kl_coef: float
    gamma: float
    lam: float
    name: ClassVar[str] = "ppo"

    def usable(self, rollouts: Sequence[Rollout]) -> list[Rollout]:
        """Return all."""
        return list(rollouts)

    def credit(self, rollouts: Sequence[Rollout], scores: Sequence[Scores]) -> Credit:
        """Estimate advantages from rewards an action."""
        pairs = list(zip(rollouts, scores, strict=True))
        rewards = [token_rewards(each.reward, said.old, said.reference, self.kl_coef) for each, said in pairs]
        values = [said.values for said in scores]
        raw = [gae(*each, self.gamma, self.lam) for each in zip(rewards, values, strict=True)]
        returns = [advantage + value for advantage, value in zip(raw, values, strict=True)]
        figures = _spread(raw) | {"value_mean": torch.cat(values).mean().item()}
        explained = explained_variance(torch.cat(values), torch.cat(returns))
        figures |= {} if explained is None else {"explained_variance": explained}
        return Credit(whiten(raw), returns, _paid(rollouts, [row.sum().item() for row in rewards]) | figures)


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """RLOO's: the mean of the other samples of the same prompt, for every action alike; no value head."""

    kl_coef: float
    name: ClassVar[str] = "rloo"
    critic: ClassVar[None] = None

    def usable(self, rollouts: Sequence[Rollout]) -> list[Rollout]:
        """Leave out samples that are alone with their prompt."""
        samples = Counter(rollout.prompt for rollout in rollouts)
        return [rollout for rollout in rollouts if samples[rollout.prompt] > 1]

    def credit(self, rollouts: Sequence[Rollout], scores: Sequence[Scores]) -> Credit:
        """Estimate one advantage an episode; the KL cost of all its actions is part of its reward."""
        rewards = [
            rollout.reward - self.kl_coef * (said.old - said.reference).sum().item()
            for rollout, said in zip(rollouts, scores, strict=True)
        ]
        better = _within_prompts(rollouts, rewards)
        advantages = [torch.full_like(said.old, each) for said, each in zip(scores, better, strict=True)]
        returns = [torch.zeros_like(said.old) for said in scores]
        return Credit(advantages, returns, _paid(rollouts, rewards) | _spread(advantages))


def _within_prompts(rollouts: Sequence[Rollout], rewards: Sequence[float]) -> list[float]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for row, rollout in enumerate(rollouts):
        groups.setdefault(rollout.prompt, []).append(row)
    better: dict[int, float] = {}
    for rows in groups.values():
        better.update(zip(rows, leave_one_out([rewards[row] for row in rows]), strict=True))
    return [better[row] for row in range(len(rollouts))]


def _paid(rollouts: Sequence[Rollout], returns: Sequence[float]) -> dict[str, float]:
    count = len(rollouts)
    return {
        "reward_mean": sum(rollout.reward for rollout in rollouts) / count,
        "return": sum(returns) / count,
        "response_length": sum(len(rollout.actions) for rollout in rollouts) / count,
    }


def _spread(advantages: Sequence[Tensor]) -> dict[str, float]:
    together = torch.cat(list(advantages))
    return {"advantage_mean": together.mean().item(), "advantage_std": together.std(correction=0).item()}
