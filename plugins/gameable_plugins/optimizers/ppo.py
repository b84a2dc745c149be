"""Proximal policy optimization (Schulman et al. 2017) on episodes with observations in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from gameable import Trained, Update
from gameable_plugins.optimizers._launch import PolicyOptimizer
from gameable_plugins.optimizers._policy_gradient.options import Coefficient, PolicyGradientOptions
from gameable_plugins.optimizers._training import Positive, Share


@dataclass
class PPO(PolicyGradientOptions, PolicyOptimizer):
    """Clipped policy gradient with a value head and a cost for leaving the model that the stage began with.

    What the model wrote are the actions; observations are context, for credit they do not exist. Value head and Adam's
    moments go on from round to round. Planted episodes take part like sampled ones.
    """

    gamma: Share = 1.0
    """Discount an action."""
    lam: Share = 0.95
    """Weight of longer estimates of advantages: 0 trusts the value head alone, 1 the rewards alone."""
    value_coef: Coefficient = 0.5
    """Weight of the value loss."""
    value_clip: Positive | None = 0.2
    """How far a value may move in an update before it stops paying, in units of reward; none lets it go anywhere."""
    value_learning_rate: Positive = 1e-3
    """Step size of the value head, which is small and begins at zero."""
    shared_trunk: bool = False
    """Whether the value loss trains the model as well, not the head alone."""

    def train(self, update: Update) -> Trained:
        """Train on every scored episode of this round."""
        from gameable_plugins.optimizers._policy_gradient.loop import improve
        from gameable_plugins.optimizers._policy_gradient.methods import Critic, LearnedBaseline

        critic = Critic(self.value_coef, self.value_clip, self.value_learning_rate, self.shared_trunk)
        return improve(update, self, LearnedBaseline(critic, self.kl_coef, self.gamma, self.lam))
