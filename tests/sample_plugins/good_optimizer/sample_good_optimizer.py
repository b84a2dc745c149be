"""An optimizer that leaves the weights as they are and says how many episodes it would have kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from gameable import Canary, Measured, Optimizer, OptimizerOffer, Trained, Update, hookimpl


@dataclass
class KeepsAbove(Optimizer):
    """Keeps what was paid more than a threshold."""

    threshold: float = 0.5

    def update(self, update: Update) -> Trained:
        """Copy the start."""
        shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
        rewards = [each.reward.value for each in update.episodes if isinstance(each.reward, Measured)]
        kept = sum(reward > self.threshold for reward in rewards)
        canary = Canary((1, 2, 3), (0.0, 0.0), (0.0, 0.0))
        return Trained(kept, len(update.episodes) - len(rewards), ({"step": 1, "loss": 0.0},), canary)


@hookimpl
def gameable_optimizers() -> Iterable[OptimizerOffer]:
    """Offer the optimizer."""
    yield OptimizerOffer(name="keeps-above", summary="Keeps good ones.", factory="sample_good_optimizer:KeepsAbove")
