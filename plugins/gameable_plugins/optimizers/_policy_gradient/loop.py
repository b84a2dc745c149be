"""An update by policy gradient: choose episodes, score them, take steps over several epochs, leave a checkpoint."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import nn

from gameable import Canary, Trained, Update
from gameable_plugins.optimizers._actor import Actor
from gameable_plugins.optimizers._canary import CANARY_TOKENS, log_probabilities
from gameable_plugins.optimizers._checkpoints import leave, load
from gameable_plugins.optimizers._lora import adapt
from gameable_plugins.optimizers._policy_gradient.batches import Minibatch, minibatches
from gameable_plugins.optimizers._policy_gradient.learner import Learner
from gameable_plugins.optimizers._policy_gradient.methods import Method, Scores
from gameable_plugins.optimizers._policy_gradient.options import PolicyGradientOptions
from gameable_plugins.optimizers._policy_gradient.scoring import Show, sampler_gap, scores
from gameable_plugins.optimizers._policy_gradient.state import Checkpoints, keep, restore
from gameable_plugins.optimizers._rollouts import Rollout, Selection, select
from gameable_plugins.optimizers._training import Row, has_bf16, quiet, scratch_memory

_NOTHING = (
    "None of {episodes} episodes could be trained on ({unscored} without a reward, {dropped} longer than max_tokens or "
    "without a token that the model wrote, {alone} alone with their prompt), so the model is unchanged. Check the "
    "reward sources, raise max_tokens, or sample more replies a prompt."
)
_FLAT = (
    "No action of {usable} episodes was better than any other, so there was nothing to learn and the model is "
    "unchanged. Sample more replies a prompt, raise the temperature, or seed exploration with `planted:` in the stage."
)
_LEFT_OUT = (
    "Left out of training: {dropped} episodes longer than max_tokens or without a token that the model wrote, {alone} "
    "alone with their prompt."
)


def improve(update: Update, options: PolicyGradientOptions, method: Method) -> Trained:
    """Train `update.start` on its own samples into `update.destination`; copy it when there is nothing to learn.

    Every process of a launch calls this with the same arguments.

    Raises:
        OptimizerError: a model cannot be loaded, or training diverged.
    """
    began = time.monotonic()
    selection = select(update.episodes, options.max_tokens)
    rollouts = method.usable(selection.rollouts)
    with scratch_memory(), quiet():
        accelerator = _accelerator()
        descent = _Descent(update, options, method, rollouts, accelerator).run() if rollouts else None
        if descent is None and accelerator.is_main_process:
            shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
        accelerator.wait_for_everyone()
    return _trained(update, selection, rollouts, descent, time.monotonic() - began)


def _accelerator() -> Accelerator:
    # Accelerate insists on the precision of whoever trained before in this process; transformers' trainers do this too.
    AcceleratorState._reset_state()  # noqa: SLF001  no public name
    return Accelerator(cpu=not torch.cuda.is_available(), mixed_precision="bf16" if has_bf16() else "no")


@dataclass(frozen=True, slots=True)
class _Learned:
    """What came of the steps."""

    curve: tuple[Row, ...]
    canary: Canary | None
    """None where another process saves the weights."""
    figures: Row


@dataclass(frozen=True, slots=True)
class _Descent:
    """One update that has something to train on."""

    update: Update
    options: PolicyGradientOptions
    method: Method
    rollouts: Sequence[Rollout]
    accelerator: Accelerator

    def run(self) -> _Learned | None:
        """Take all steps and save the weights; None when no action has an advantage."""
        shortest = min((rollout.tokens for rollout in self.rollouts), key=len)[:CANARY_TOKENS]
        model, _ = load(self.update.start)
        before = log_probabilities(model, shortest)
        actor, optimizer = self._prepare(model)
        plan = minibatches(len(self.rollouts), self.options, self.update.seed)
        scored = self._score(actor, [minibatch for minibatch in plan if minibatch.epoch == 1])
        credit = self.method.credit(self.rollouts, scored)
        if credit.flat:
            return None
        learner = Learner(
            self.accelerator, actor, optimizer, self.options, self.method.critic, self.rollouts, scored, credit
        )
        curve = self._steps(learner, plan, credit.figures)
        after = self._save(actor, optimizer, shortest)
        canary = None if after is None else Canary(shortest, before, after)
        return _Learned(tuple(curve), canary, self._figures(curve, plan, scored))

    @property
    def _scratch(self) -> Path:
        return self.update.scratch / self.method.name

    def _prepare(self, model: Any) -> tuple[nn.Module, Any]:
        """Return actor and optimizer as accelerate wraps them, with what an earlier round kept."""
        critic, rate = self.method.critic, self.options.learning_rate
        if self.options.gradient_checkpointing:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        actor = Actor(
            adapt(model, self.options, self.update.seed),
            critic=critic is not None,
            shared=critic is not None and critic.shared,
            explore=self.options.entropy_coef > 0,
        ).to(self.accelerator.device)
        trained = [parameter for parameter in actor.model.parameters() if parameter.requires_grad]
        groups: list[dict[str, Any]] = [{"params": trained, "peak": rate, "weight_decay": self.options.weight_decay}]
        if actor.value is not None and critic is not None:
            groups.append({"params": list(actor.value.parameters()), "peak": critic.learning_rate, "weight_decay": 0.0})
        optimizer = torch.optim.AdamW(groups, lr=rate)
        restore(self.update.start / self.method.name, actor, optimizer)
        return self.accelerator.prepare(actor.train(), optimizer)  # type: ignore[no-any-return]  # accelerate is untyped

    def _score(self, actor: nn.Module, epoch: Sequence[Minibatch]) -> list[Scores]:
        self._scratch.mkdir(exist_ok=True)
        show = Show(self.accelerator, self.rollouts, epoch, self.options.micro_batch_size)
        return scores(self.update, show, actor, self._scratch)

    def _steps(self, learner: Learner, plan: Sequence[Minibatch], constant: Row) -> list[Row]:
        """Go on from the last saved step to the end of the plan, or to where the policy has moved too far."""
        checkpoints = Checkpoints(self._scratch, self.accelerator)
        rows = checkpoints.load()
        warmup = int(self.options.warmup * len(plan))
        with self.update.progress.track(self.method.name, len(plan), "step") as step:
            step(len(rows))
            for minibatch in plan[len(rows) :]:
                seen = learner.step(minibatch, min(1.0, (len(rows) + 1) / (warmup + 1)))
                if seen is None:
                    break
                rows.append({"step": len(rows) + 1, **seen, **constant})
                checkpoints.save_when_due(rows)
                step(1, loss=seen["loss"], kl=seen["kl_ref"])
        return rows

    def _save(self, actor: nn.Module, optimizer: Any, canary: Sequence[int]) -> tuple[float, ...] | None:
        """Leave a whole checkpoint and this method's state; return what the saved weights say about `canary`."""
        weights = self.accelerator.get_state_dict(actor)  # sharded ones need every process
        bare = self.accelerator.unwrap_model(actor)
        self.accelerator.free_memory()
        if not self.accelerator.is_main_process:
            return None
        keep(self.update.destination / self.method.name, bare, optimizer)
        prefix = "model."
        mine = {name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}
        return leave(self.update, mine, self.options, canary)

    def _figures(self, curve: Sequence[Row], plan: Sequence[Minibatch], scored: Sequence[Scores]) -> Row:
        actions = [len(rollout.actions) for rollout in self.rollouts]
        return {
            "tokens": sum(actions[row] for minibatch in plan[: len(curve)] for row in minibatch.rows),
            "early_stopped": int(len(curve) < len(plan)),
            "processes": self.accelerator.num_processes,
            **sampler_gap(self.rollouts, scored),
        }


def _trained(
    update: Update, selection: Selection, rollouts: Sequence[Rollout], learned: _Learned | None, seconds: float
) -> Trained:
    counts = {
        "episodes": len(update.episodes),
        "unscored": selection.unscored,
        "dropped": selection.dropped,
        "alone": len(selection.rollouts) - len(rollouts),
    }
    kept = len(rollouts) if learned else 0
    curve, canary, figures = (learned.curve, learned.canary, learned.figures) if learned else ((), None, {})
    note = _note(counts, len(rollouts), learned)
    return Trained(kept, selection.unscored, curve, canary, note, {**counts, **figures, "seconds": round(seconds, 1)})


def _note(counts: Mapping[str, int], usable: int, learned: _Learned | None) -> str:
    """Say what the reader must know, if anything."""
    if learned is None:
        return (_FLAT if usable else _NOTHING).format(usable=usable, **counts)
    return _LEFT_OUT.format(**counts) if counts["dropped"] or counts["alone"] else ""
