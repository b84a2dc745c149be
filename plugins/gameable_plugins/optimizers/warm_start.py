"""The warm start: supervised fine-tuning on demonstrations, before the curriculum begins."""

from __future__ import annotations

from dataclasses import dataclass

from gameable import Trained, Update
from gameable_plugins.optimizers._launch import PolicyOptimizer
from gameable_plugins.optimizers._supervised import supervise

_NOTHING = "There was no demonstration to train on, so the model is unchanged. Name environments that have some."


@dataclass
class WarmStart(PolicyOptimizer):
    """Trains on every episode it is given, whatever it was paid; small models learn the format this way."""

    def train(self, update: Update) -> Trained:
        """Fine-tune on all episodes."""
        return supervise(update, [scored.episode for scored in update.episodes], self, _NOTHING)
