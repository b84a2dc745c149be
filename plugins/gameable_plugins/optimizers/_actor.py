"""A language model as an actor: it is asked about the actions of a batch and nothing else.

The vocabulary is never projected onto at other positions, so memory goes with the number of actions, not with the
length of prompts and observations. Only updates import it, so it may load torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gameable_plugins.optimizers._rollouts import Rollout


class Batch(NamedTuple):
    """Rows side by side, padded on the right; each tensor is rows by longest row."""

    ids: Tensor
    mask: Tensor
    """1 for tokens, 0 for padding."""
    actions: Tensor
    """True where the model chose the token."""


class Said(NamedTuple):
    """What the actor says about the actions of a batch, row after row without gaps."""

    logprobs: Tensor
    entropy: Tensor
    """Of the whole distribution that each action was drawn from, in nats."""
    values: Tensor
    """Of the state before each action; zeros without a value head."""


class Actor(nn.Module):
    """A causal language model and, for PPO, a linear value head in float32 on its last hidden states.

    Dropout is off always: the ratio of new to old probabilities must begin at exactly 1.
    """

    def __init__(self, model: Any, *, critic: bool = False, shared: bool = False, explore: bool = False) -> None:
        """Wrap a model.

        Args:
            model: As transformers makes one.
            critic: Whether there is a value head; it begins at zero.
            shared: Whether the gradient of the values goes on into the model.
            explore: Whether the entropy carries gradient.
        """
        super().__init__()
        self.model = model
        self.value = _zero(nn.Linear(model.get_output_embeddings().in_features, 1)) if critic else None
        self._shared, self._explore = shared, explore
        super().train(mode=False)

    def train(self, mode: bool = True) -> Actor:
        """Stay without dropout; only layers that compute activations again need to know that they are trained."""
        super().train(mode=False)
        for module in self.model.modules():
            if getattr(module, "gradient_checkpointing", False):
                module.training = mode
        return self

    def forward(self, batch: Batch) -> Said:
        """Say what there is to say about each action."""
        with _projecting(self.model.get_output_embeddings(), batch.actions[:, 1:]) as hidden:
            logits = self.model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).logits
        everything = torch.log_softmax(logits.float(), dim=-1)
        chosen = batch.ids[:, 1:][batch.actions[:, 1:]]
        with torch.set_grad_enabled(self._explore and torch.is_grad_enabled()):
            entropy = torch.special.entr(everything.exp()).sum(dim=-1)
        return Said(everything.gather(1, chosen[:, None])[:, 0], entropy, self._values(hidden[0]))

    def _values(self, hidden: Tensor) -> Tensor:
        if self.value is None:
            return hidden.new_zeros(len(hidden), dtype=torch.float32)
        with torch.autocast(hidden.device.type, enabled=False):
            values: Tensor = self.value((hidden if self._shared else hidden.detach()).float())
        return values[:, 0]


def collate(rollouts: Sequence[Rollout], device: torch.device) -> Batch:
    """Put rows side by side."""
    width = max(len(rollout.tokens) for rollout in rollouts)
    ids = torch.zeros(len(rollouts), width, dtype=torch.long)
    mask, actions = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, rollout in enumerate(rollouts):
        ids[row, : len(rollout.tokens)] = torch.tensor(rollout.tokens)
        mask[row, : len(rollout.tokens)] = 1
        actions[row, list(rollout.actions)] = True
    return Batch(ids.to(device), mask.to(device), actions.to(device))


@contextmanager
def _projecting(head: nn.Module, wanted: Tensor) -> Iterator[list[Tensor]]:
    """Have the output layer see only the states that a wanted token follows; they are put into the list.

    The model's own forward runs, so whatever it does to logits afterwards is done to these as well.
    """
    seen: list[Tensor] = []

    def select(_head: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        seen.append(inputs[0][:, :-1][wanted])
        return seen[-1]

    hook = head.register_forward_pre_hook(select)
    try:
        yield seen
    finally:
        hook.remove()


def _zero(head: nn.Linear) -> nn.Linear:
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head
