"""What an update by expert iteration costs, against a bare TRL script on the same token ids.

    python benchmarks/expert_iteration.py [--quick] [--json FILE]

Both read the same start, train it on the same rows with the same options, and save it. Ours also filters, groups rows
of like length, takes a canary's log-probabilities twice and keeps what a killed update needs to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import updating
from gameable import ScoredEpisode
from gameable_plugins.optimizers._supervised import example_of
from gameable_plugins.optimizers._training import has_bf16, quiet, scratch_memory
from gameable_plugins.optimizers.expert_iteration import ExpertIteration
from measure import Figure, Timer, command, in_turn, medians, scratch, telling
from playing import precision

BATCH, MICRO, RATE = 4, 4, 2e-5


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    count, repetitions = (2, 1) if quick else (8, 3)
    episodes = updating.scored(count, 1)
    optimizer = ExpertIteration(epochs=1, batch_size=BATCH, micro_batch_size=MICRO, learning_rate=RATE, warmup=0)
    rows = [_row(each) for each in episodes]
    ours = telling("gameable", lambda: updating.seconds(optimizer, episodes), "s")
    pairs = in_turn(ours, telling("bare TRL", lambda: _bare(rows), "s"), repetitions)
    about = f"{count} rows, {updating.tokens(episodes)} tokens, {precision()} products, load and save included."
    return [Figure("expert-iteration", pairs, f"{medians(pairs)} s; {about}")]


def _row(scored: ScoredEpisode) -> dict[str, list[int]]:
    example = example_of(scored.episode)
    return {"input_ids": list(example.tokens), "labels": list(example.labels)}


def _bare(rows: Sequence[dict[str, list[int]]]) -> float:
    """Do what a script of TRL does, with its own defaults where they cost no time."""
    import torch
    import trl
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback

    config: dict[str, Any] = {
        "per_device_train_batch_size": MICRO,
        "gradient_accumulation_steps": BATCH // MICRO,
        "num_train_epochs": 1,
        "learning_rate": RATE,
        "bf16": has_bf16(),
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": False,
        "max_length": None,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
    start = updating.model()
    with scratch_memory(), quiet(), scratch() as folder, Timer() as timer:
        trainer = trl.SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32),
            args=trl.SFTConfig(output_dir=str(folder), **config),
            train_dataset=Dataset.from_list(list(rows)),
            processing_class=AutoTokenizer.from_pretrained(start),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        trainer.save_model(str(folder / "new"))
    return timer.seconds


if __name__ == "__main__":
    command(measure)
