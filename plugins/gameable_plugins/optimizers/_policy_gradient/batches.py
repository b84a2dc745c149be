"""Which rows make up which step: a pure function of the seed, so a resumed update needs only to know its step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gameable_plugins.optimizers._rollouts import Rollout
from gameable_plugins.optimizers._training import DescentOptions


@dataclass(frozen=True, slots=True)
class Share:
    """Rows that one process holds in memory at once."""

    rows: tuple[int, ...]
    counts: bool = True
    """False where they only keep a process busy that has nothing left, since all must call the model equally often."""


@dataclass(frozen=True, slots=True)
class Minibatch:
    """The rows behind one optimizer step."""

    epoch: int
    """From 1."""
    rows: tuple[int, ...]


def minibatches(rows: int, options: DescentOptions, seed: int) -> list[Minibatch]:
    """Draw the order of each epoch, cut into parts that differ by at most one row and are no larger than a batch."""
    generator = torch.Generator().manual_seed(seed)
    parts = math.ceil(rows / options.batch_size)
    plan = []
    for epoch in range(1, options.epochs + 1):
        order = torch.randperm(rows, generator=generator).tolist()
        plan += [Minibatch(epoch, tuple(order[part::parts])) for part in range(parts)]
    return plan


def shares(
    minibatch: Minibatch, rollouts: Sequence[Rollout], size: int, process: int = 0, processes: int = 1
) -> list[Share]:
    """Cut a minibatch into micro batches of like lengths and deal them out; return those of one process.

    How it is cut does not depend on the number of processes, so neither does what the model is shown.
    """
    rows = sorted(minibatch.rows, key=lambda row: len(rollouts[row].tokens))
    cut = [Share(tuple(rows[begin : begin + size])) for begin in range(0, len(rows), size)]
    idle = [Share(cut[0].rows, counts=False)] * (-len(cut) % processes)
    return (cut + idle)[process::processes]
