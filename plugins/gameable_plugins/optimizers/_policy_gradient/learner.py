"""Optimizer steps on minibatches of rollouts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from gameable import OptimizerError
from gameable_plugins.optimizers._actor import Said, collate
from gameable_plugins.optimizers._policy_gradient.batches import Minibatch, Share, shares
from gameable_plugins.optimizers._policy_gradient.losses import clipped, divergence, surrogate, value_loss
from gameable_plugins.optimizers._policy_gradient.methods import Credit, Critic, Scores
from gameable_plugins.optimizers._policy_gradient.options import PolicyGradientOptions
from gameable_plugins.optimizers._rollouts import Rollout
from gameable_plugins.optimizers._training import Row

_OF_ITS_OWN = ("kl_ref", "approx_kl")
"""Means over the actions that the policy itself chose."""


@dataclass(frozen=True, slots=True)
class Learner:
    """Takes steps; the same ones for any size of micro batch and any number of processes, up to rounding.

    Losses are means over the actions of a minibatch, so long episodes weigh more than short ones.
    """

    accelerator: Accelerator
    actor: nn.Module
    optimizer: Any
    """Its first group of parameters is the policy's; each group holds its own `peak` step size."""
    options: PolicyGradientOptions
    critic: Critic | None
    rollouts: Sequence[Rollout]
    scores: Sequence[Scores]
    credit: Credit

    def step(self, minibatch: Minibatch, rate: float) -> Row | None:
        """Take a step with `rate` times the step size; return what was seen, or None when the policy is too far.

        Raises:
            OptimizerError: the loss is no number.
        """
        seen = self._gradient(minibatch)
        if not math.isfinite(seen["loss"]):
            raise OptimizerError(f"The loss became {seen['loss']}: training diverged. Lower learning_rate.")
        if self.options.target_kl is not None and seen["approx_kl"] > self.options.target_kl:
            self.optimizer.zero_grad()
            return None
        norms = [self._clip(group) for group in self.optimizer.param_groups]
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {
            "epoch": minibatch.epoch,
            **seen,
            "grad_norm": norms[0],
            "learning_rate": self.options.learning_rate * rate,
        }

    def _clip(self, group: dict[str, Any]) -> float:
        """The head's gradient is shortened by itself: it is far the larger one, and would take the policy's away."""
        return float(self.accelerator.clip_grad_norm_(group["params"], self.options.max_grad_norm))

    def _gradient(self, minibatch: Minibatch) -> dict[str, float]:
        """Accumulate the gradient of a minibatch over its micro batches and processes; return means an action."""
        accelerator = self.accelerator
        size, process, processes = self.options.micro_batch_size, accelerator.process_index, accelerator.num_processes
        tokens = sum(len(self.rollouts[row].actions) for row in minibatch.rows)
        mine = shares(minibatch, self.rollouts, size, process, processes)
        total: dict[str, Tensor] = {}
        for number, share in enumerate(mine, 1):
            with nullcontext() if number == len(mine) else accelerator.no_sync(self.actor):
                parts = self._parts(share, tokens)
                accelerator.backward(parts["loss"] * processes)  # gradients are averaged over processes
            total = {name: part.detach() + total.get(name, 0) for name, part in parts.items()}
        means = dict(zip(total, accelerator.reduce(torch.stack(list(total.values())), "sum").tolist(), strict=True))
        own = means.pop("own")
        return {**means, **{name: means[name] / own if own else 0.0 for name in _OF_ITS_OWN}}

    def _parts(self, share: Share, tokens: int) -> dict[str, Tensor]:
        """What a micro batch adds to the means of its minibatch."""
        said = self.actor(collate([self.rollouts[row] for row in share.rows], self.accelerator.device))
        scale = share.counts / tokens
        return {name: part.sum() * scale for name, part in self._losses(said, share.rows).items()}

    def _losses(self, said: Said, rows: Sequence[int]) -> dict[str, Tensor]:
        """Loss and everything watched, one entry an action."""
        old = self._together([self.scores[row].old for row in rows])
        reference = self._together([self.scores[row].reference for row in rows])
        advantages = self._together([self.credit.advantages[row] for row in rows])
        policy = surrogate(said.logprobs, old, advantages, self.options.clip)
        loss = policy - self.options.entropy_coef * said.entropy
        watched = {"policy_loss": policy, "entropy": said.entropy}
        if self.critic:
            watched["value_loss"] = self._value_loss(said, rows, self.critic)
            loss = loss + self.critic.coef * watched["value_loss"]
        with torch.no_grad():
            # Divergences are asked of what the policy itself sampled: a script's words are rare, and each that is
            # learned would look like a leap and end the update.
            watched["own"] = self._together([self._own(row) for row in rows])
            watched["kl_ref"] = divergence(said.logprobs, reference, old) * watched["own"]
            watched["approx_kl"] = divergence(old, said.logprobs) * watched["own"]
            watched["clip_fraction"] = clipped(said.logprobs, old, self.options.clip)
        return {"loss": loss, **watched}

    def _own(self, row: int) -> Tensor:
        """1.0 for every action that the policy chose, 0.0 for a script's."""
        rollout = self.rollouts[row]
        return torch.full((len(rollout.actions),), 0.0 if rollout.scripted else 1.0)

    def _value_loss(self, said: Said, rows: Sequence[int], critic: Critic) -> Tensor:
        old = self._together([self.scores[row].values for row in rows])
        return value_loss(said.values, old, self._together([self.credit.returns[row] for row in rows]), critic.clip)

    def _together(self, rows: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(rows)).to(self.accelerator.device)
