"""GRPO: policy gradients with advantages relative to the samples of one prompt (Shao et al. 2024, section 4.1)."""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from gameable import Canary, Trained, Update
from gameable_plugins.optimizers._canary import CANARY_TOKENS, log_probabilities
from gameable_plugins.optimizers._checkpoints import gathered, leave, load
from gameable_plugins.optimizers._grpo_groups import Group, Groups, group
from gameable_plugins.optimizers._grpo_trainer import trainer
from gameable_plugins.optimizers._launch import PolicyOptimizer
from gameable_plugins.optimizers._lora import adapt
from gameable_plugins.optimizers._rollouts import select
from gameable_plugins.optimizers._sampler_gap import measure
from gameable_plugins.optimizers._training import (
    Count,
    Positive,
    Row,
    arguments,
    micro_batches,
    processes,
    quiet,
    run,
    scratch_memory,
)

_NOTHING = (
    "None of {prompts} prompts has samples that were paid differently, so there is no advantage to learn from and the "
    "model is unchanged ({unscored} samples unscored, {dropped} too long or empty, {alone} alone with their prompt). "
    "Sample more replies a prompt, raise the temperature, or take a reward that tells replies apart."
)
_LEFT_OUT = "Left out of training: {dropped} samples that are too long or empty, {alone} alone with their prompt."


@dataclass
class GRPO(PolicyOptimizer):
    """Pushes each sample up or down by how its reward compares with the other samples of its prompt.

    A planted episode is the only one of its prompt, so nothing is learned from it.
    An update that was killed begins again: the policy that sampled must be that of every step.
    """

    learning_rate: Positive = 1e-5
    """Peak step size."""
    epochs: Count = 1
    """How often each sample is used."""
    batch_size: Count = 64
    """Samples behind one step."""
    beta: Annotated[float, Field(ge=0)] = 0.04
    """Weight of the KL penalty against the model that the stage began with; 0 leaves it out."""
    epsilon: Positive = 0.2
    """How far the ratio of new to old probability counts, to either side of 1."""
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    """What a token weighs: `dapo` the same in a whole step, `bnpo` the same in a micro-batch, `grpo` the same in a
    sample, `dr_grpo` a constant of `max_tokens`."""
    scale_rewards: Literal["group", "batch", "none"] = "group"
    """By whose standard deviation advantages are divided: that of the group, of the whole round, or none."""

    def train(self, update: Update) -> Trained:
        """Train on all groups of this round."""
        began = time.monotonic()
        found = group(update.episodes, self.max_tokens)
        if not found.varying:
            shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
            return Trained(0, found.unscored, (), None, self._nothing(found), _figures(found, began))
        with scratch_memory(), quiet():
            curve, canary, gap = self._fit(update, found)
        used = found.groups if self.beta else found.varying
        note = _LEFT_OUT.format(dropped=found.dropped, alone=found.alone) if found.dropped or found.alone else ""
        return Trained(sum(map(len, used)), found.unscored, curve, canary, note, {**gap, **_figures(found, began)})

    def _fit(self, update: Update, found: Groups) -> tuple[tuple[Row, ...], Canary | None, Row]:
        shortest = min((each.tokens for samples in found.groups for each in samples), key=len)[:CANARY_TOKENS]
        model, tokenizer = load(update.start)
        before = log_probabilities(model, shortest)
        gap = measure(model, select(update.episodes, self.max_tokens).rollouts)
        groups = found.padded(processes())
        config, steps = self._config(update, groups)
        ready = trainer(adapt(model, self, update.seed), tokenizer, config, groups, update.reference)
        curve = tuple(map(_numbers, run(ready, update.progress, "training", steps)))
        weights = gathered(ready)
        del model, ready
        return curve, Canary(shortest, before, leave(update, weights, self, shortest)) if weights else None, gap

    def _config(self, update: Update, groups: list[Group]) -> tuple[dict[str, Any], int]:
        """Return the arguments of TRL's config, and how many steps they come to."""
        share = len(groups) * len(groups[0]) // processes()
        micro, accumulated = micro_batches(self, divides=share)
        steps = math.ceil(self.epochs * (share // micro) / accumulated)
        config = arguments(self, steps, update.seed, str(update.scratch / "trainer"))
        del config["max_length"]
        return config | {
            "per_device_train_batch_size": micro,
            "gradient_accumulation_steps": accumulated,
            "steps_per_generation": share // micro,
            "num_iterations": self.epochs,
            "num_train_epochs": 1,
            "beta": self.beta,
            "epsilon": self.epsilon,
            "loss_type": self.loss_type,
            "scale_rewards": self.scale_rewards,
            "max_completion_length": self.max_tokens,
            "disable_dropout": True,
        }, steps

    def _nothing(self, found: Groups) -> str:
        return _NOTHING.format(
            prompts=len(found.groups), unscored=found.unscored, dropped=found.dropped, alone=found.alone
        )


def _figures(found: Groups, began: float) -> dict[str, float | int]:
    samples = [sample for each in found.groups for sample in each]
    return {
        "prompts": len(found.groups),
        "prompts_that_vary": len(found.varying),
        "dropped": found.dropped,
        "alone": found.alone,
        "tokens": sum(sum(sample.written) for sample in samples),
        "seconds": round(time.monotonic() - began, 1),
    }


def _numbers(row: Row) -> Row:
    """Leave out what is no figure, what is said twice, and how long a step took: a curve repeats exactly."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and not name.startswith("rewards/") and name != "step_time"
    }
