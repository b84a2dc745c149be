"""What an update by PPO costs a token, against TRL's GRPO on the same tokens and model.

    python benchmarks/ppo.py [--quick] [--json FILE]

Both score the tokens under the sampling policy and the reference, take as many epochs over the same batches, and save.
PPO has a value head on top. TRL's trainer gets the samples from a `rollout_func`, as it does in our own GRPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import updating
from gameable import ScoredEpisode
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._grpo_groups import Group, group
from gameable_plugins.optimizers._grpo_trainer import trainer
from gameable_plugins.optimizers._training import has_bf16, quiet, scratch_memory
from gameable_plugins.optimizers.ppo import PPO
from measure import Figure, Timer, command, in_turn, medians, scratch, telling
from playing import precision

EPOCHS, MICRO, RATE, KL = 2, 4, 1e-5, 0.05
SAMPLES = 4


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    prompts, repetitions = (1, 1) if quick else (2, 2)
    episodes = updating.scored(prompts, SAMPLES)
    optimizer = PPO(
        epochs=EPOCHS,
        batch_size=len(episodes),
        micro_batch_size=MICRO,
        learning_rate=RATE,
        kl_coef=KL,
        target_kl=None,
    )
    count = updating.tokens(episodes)
    ours = telling("PPO", lambda: updating.seconds(optimizer, episodes) / count * 1e3, "ms a token")
    grpo = telling("TRL's GRPO", lambda: _grpo(episodes) / count * 1e3, "ms a token")
    pairs = in_turn(ours, grpo, repetitions)
    about = (
        f"{len(episodes)} episodes, {count} tokens, {EPOCHS} epochs, {precision()} products, load and save included."
    )
    return [Figure("ppo", pairs, f"{medians(pairs)} ms a token; {about}")]


def _grpo(episodes: Sequence[ScoredEpisode]) -> float:
    """Do what a script of TRL does; return seconds."""
    from transformers import PrinterCallback

    start = updating.model()
    groups: list[Group] = list(group(episodes, 2048).groups)
    with scratch_memory(), quiet(), scratch() as folder, Timer() as timer:
        model, tokenizer = load(start)
        config = _config(len(episodes)) | {"output_dir": str(folder)}
        ready = trainer(model, tokenizer, config, groups, start)
        ready.remove_callback(PrinterCallback)
        ready.train()
        ready.save_model(str(folder / "new"))
    return timer.seconds


def _config(episodes: int) -> dict[str, Any]:
    import torch

    return {
        "per_device_train_batch_size": MICRO,
        "gradient_accumulation_steps": episodes // MICRO,
        "steps_per_generation": episodes // MICRO,
        "num_iterations": EPOCHS,
        "num_train_epochs": 1,
        "learning_rate": RATE,
        "beta": KL,
        "bf16": has_bf16(),
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": False,
        "disable_dropout": True,
        "max_completion_length": 2048,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


if __name__ == "__main__":
    command(measure)
