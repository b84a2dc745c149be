"""Options that PPO and RLOO share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gameable_plugins.optimizers._training import Count, Positive, Share, TrainingOptions

Coefficient = Annotated[float, Field(ge=0)]


@dataclass
class PolicyGradientOptions(TrainingOptions):
    """Options of training on one's own samples with a clipped ratio.

    The step size stays at its peak after the warm-up, since the next round goes on from here.
    """

    learning_rate: Positive = 1e-5
    """Step size after the warm-up."""
    epochs: Count = 4
    """How often each episode is seen, unless the policy moves too far before."""
    batch_size: Count = 32
    """Episodes behind one step, at most; an epoch is cut into equal minibatches."""
    warmup: Share = 0.0
    """Share of the steps over which the step size rises from zero."""
    clip: Positive = 0.2
    """How far the ratio of new to old probability of an action may move before it stops paying."""
    kl_coef: Coefficient = 0.05
    """Cost of each nat by which an action is likelier than under the model that the stage began with."""
    entropy_coef: Coefficient = 0.0
    """Bonus for each nat of entropy."""
    target_kl: Positive | None = 0.1
    """The update ends before a step whose minibatch shows a larger KL divergence from the sampling policy, in nats an
    action of its own (planted episodes are not asked); none trains all epochs."""
