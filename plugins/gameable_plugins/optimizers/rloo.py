"""REINFORCE leave-one-out (Ahmadian et al. 2024): samples of one prompt are each other's baseline."""

from __future__ import annotations

from dataclasses import dataclass

from gameable import Trained, Update
from gameable_plugins.optimizers._launch import PolicyOptimizer
from gameable_plugins.optimizers._policy_gradient.options import PolicyGradientOptions


@dataclass
class RLOO(PolicyGradientOptions, PolicyOptimizer):
    """The clipped policy gradient of PPO without a value head, for stages with several samples a prompt.

    A sample is worth its reward, less the cost of leaving the model that the stage began with, less the mean worth of
    the other samples of its prompt. Samples alone with their prompt are left out and counted.
    """

    def train(self, update: Update) -> Trained:
        """Train on every prompt with two scored samples or more."""
        from gameable_plugins.optimizers._policy_gradient.loop import improve
        from gameable_plugins.optimizers._policy_gradient.methods import LeaveOneOut

        return improve(update, self, LeaveOneOut(self.kl_coef))
