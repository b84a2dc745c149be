"""What the models say about every rollout before the first step, kept for an update that is killed after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gameable import Update
from gameable_plugins.optimizers._actor import Actor, collate
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._policy_gradient.batches import Minibatch, Share, shares
from gameable_plugins.optimizers._policy_gradient.methods import Scores
from gameable_plugins.optimizers._rollouts import Rollout
from gameable_plugins.optimizers._sampler_gap import distances, figures
from gameable_plugins.optimizers._training import Row

_FILE = "scores.safetensors"


@dataclass(frozen=True, slots=True)
class Show:
    """Rows as models are shown them, in the micro batches of the first epoch.

    Padding shifts the last bits, and the first step is to find ratios of exactly 1.
    """

    accelerator: Accelerator
    rollouts: Sequence[Rollout]
    epoch: Sequence[Minibatch]
    size: int
    """Rows of a micro batch."""

    def to(self, actor: nn.Module) -> list[tuple[Tensor, Tensor]]:
        """Return log-probabilities and values of each rollout; processes share the work and all get everything."""
        found: dict[int, tuple[Tensor, Tensor]] = {}
        with torch.no_grad(), self.accelerator.autocast():
            for minibatch in self.epoch:
                for share in self._shares(minibatch):
                    found |= self._ask(actor, share.rows)
        gathered: list[dict[int, tuple[Tensor, Tensor]]] = gather_object([found])
        together = {row: said for part in gathered for row, said in part.items()}
        return [together[row] for row in range(len(self.rollouts))]

    def _shares(self, minibatch: Minibatch) -> list[Share]:
        process, processes = self.accelerator.process_index, self.accelerator.num_processes
        return shares(minibatch, self.rollouts, self.size, process, processes)

    def _ask(self, actor: nn.Module, rows: Sequence[int]) -> dict[int, tuple[Tensor, Tensor]]:
        chosen = [self.rollouts[row] for row in rows]
        counts = [len(rollout.actions) for rollout in chosen]
        said = actor(collate(chosen, self.accelerator.device))
        pairs = zip(said.logprobs.cpu().split(counts), said.values.cpu().split(counts), strict=True)
        # Copies: a slice that is sent to another process takes the whole tensor along.
        return {row: (logprobs.clone(), values.clone()) for row, (logprobs, values) in zip(rows, pairs, strict=True)}


def scores(update: Update, show: Show, actor: nn.Module, folder: Path) -> list[Scores]:
    """Score every rollout, once an update: what is in `folder` is taken from there.

    Log-probabilities are computed here, at temperature 1; the sampler's would carry the gap between two
    implementations into the ratio.
    """
    path = folder / _FILE
    if path.exists():
        return _read(path, show.rollouts)
    found = _both(update, show, actor)
    if show.accelerator.is_main_process:
        _write(path, found)
    return found


def sampler_gap(rollouts: Sequence[Rollout], scored: Sequence[Scores]) -> Row:
    """Return how far the sampler was from the trainer, over all rollouts."""
    pairs = zip(rollouts, scored, strict=True)
    return figures([each for rollout, said in pairs for each in distances(rollout, said.old.tolist())])


def _both(update: Update, show: Show, actor: nn.Module) -> list[Scores]:
    said = show.to(actor)
    if update.reference == update.start:
        return [Scores(old, old, values) for old, values in said]
    frozen = Actor(load(update.reference)[0]).to(show.accelerator.device)
    reference = [logprobs for logprobs, _ in show.to(frozen)]
    return [Scores(old, other, values) for (old, values), other in zip(said, reference, strict=True)]


def _read(path: Path, rollouts: Sequence[Rollout]) -> list[Scores]:
    kept = load_file(path)
    counts = [len(rollout.actions) for rollout in rollouts]
    columns = (torch.split(kept[name], counts) for name in ("old", "reference", "values"))
    return [Scores(*each) for each in zip(*columns, strict=True)]


def _write(path: Path, found: Sequence[Scores]) -> None:
    partial = path.with_suffix(".partial")
    columns = {name: torch.cat([getattr(each, name) for each in found]) for name in ("old", "reference", "values")}
    save_file(columns, partial)
    partial.rename(path)
