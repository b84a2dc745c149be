"""Supervised fine-tuning on episodes, token for token as they were sampled.

Guarantee: loss falls on what the model wrote and nothing else; prompt and observation tokens are context. Text is
never rendered or tokenised again. The same rows, options and seed give the same weights on the same CPU.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable import Canary, Episode, OptimizerError, Trained, Update
from gameable_plugins.optimizers._canary import CANARY_TOKENS, log_probabilities
from gameable_plugins.optimizers._training import (
    Row,
    TrainingOptions,
    arguments,
    freeze,
    quiet,
    run,
    scratch_memory,
    steps_of,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from trl import SFTTrainer

IGNORED = -100
"""The label that carries no loss, by torch's convention."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row for the trainer."""

    tokens: tuple[int, ...]
    labels: tuple[int, ...]
    """The token itself where the model wrote it, `IGNORED` elsewhere."""

    @property
    def trained(self) -> int:
        """How many tokens carry loss."""
        return sum(label != IGNORED for label in self.labels)


def example_of(episode: Episode) -> Example:
    """Return the prompt and all segments of an episode as one row."""
    tokens = list(episode.prompt_tokens)
    labels = [IGNORED] * len(tokens)
    for segment in episode.segments:
        tokens += segment.tokens
        labels += segment.tokens if segment.kind == "model" else [IGNORED] * len(segment.tokens)
    return Example(tuple(tokens), tuple(labels))


def trainable(episode: Episode, max_tokens: int) -> bool:
    """Whether the episode fits and has a token that carries loss."""
    example = example_of(episode)
    return len(example.tokens) <= max_tokens and example.trained > 0


def supervise(update: Update, episodes: Sequence[Episode], options: TrainingOptions, empty: str) -> Trained:
    """Fine-tune `update.start` on `episodes` into `update.destination`; copy it, noting `empty`, when there are none.

    `Trained.kept` counts the rows that were trained on; `unscored` is left at 0 for the caller to fill.
    """
    began = time.monotonic()
    examples = [example_of(episode) for episode in episodes if trainable(episode, options.max_tokens)]
    dropped = len(episodes) - len(examples)
    if examples:
        curve, canary = fine_tune(update, examples, options)
    else:
        shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
        curve, canary = (), None
    figures = {
        "dropped": dropped,
        "tokens": options.epochs * sum(example.trained for example in examples),
        "seconds": round(time.monotonic() - began, 1),
    }
    notes = [empty] * (not episodes) + [_dropped_note(dropped, options.max_tokens)] * bool(dropped)
    return Trained(len(examples), 0, curve, canary, " ".join(notes), figures)


def _dropped_note(dropped: int, max_tokens: int) -> str:
    return (
        f"{dropped} episodes were left out of training: longer than max_tokens ({max_tokens}) or without a token that "
        "the model wrote."
    )


def fine_tune(update: Update, examples: Sequence[Example], options: TrainingOptions) -> tuple[tuple[Row, ...], Canary]:
    """Train `update.start` on at least one example and save it, in float32, to `update.destination`.

    Weights are float32 under bfloat16 autocast where the hardware has it: pure bfloat16 loses small steps to rounding.

    Returns:
        One row a step, and the canary of the shortest example.

    Raises:
        OptimizerError: the start cannot be loaded, or training diverged.
    """
    shortest = min(examples, key=lambda example: len(example.tokens)).tokens[:CANARY_TOKENS]
    steps = steps_of(len(examples), options)
    with scratch_memory(), quiet(), tempfile.TemporaryDirectory() as scratch:
        model, tokenizer = _load(update.start)
        before = log_probabilities(model, shortest)
        freeze(model, options.frozen_layers)
        tokenizer.save_pretrained(update.destination)  # before the trainer, which may give it a padding token
        config = arguments(options, steps, update.seed, scratch)
        curve = run(_trainer(model, tokenizer, config, examples), update.progress, "fine-tuning", steps)
        after = log_probabilities(model, shortest)
        model.save_pretrained(update.destination)
        del model
    return curve, Canary(shortest, before, after)


def _load(start: Path) -> tuple[Any, PreTrainedTokenizerBase]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(start)
        return AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32), tokenizer
    except (OSError, ValueError) as error:
        raise OptimizerError(
            f"No causal language model with a tokenizer could be loaded from {start}: {error}. "
            "Point the policy at a folder that transformers saved."
        ) from error


def _trainer(
    model: Any, tokenizer: PreTrainedTokenizerBase, config: Mapping[str, Any], examples: Sequence[Example]
) -> SFTTrainer:
    import torch
    import trl
    from datasets import Dataset

    rows = [{"input_ids": list(example.tokens), "labels": list(example.labels)} for example in examples]
    # TRL's own loss projects the trained positions only on GPUs (1.16); on a CPU ours is the quicker.
    trainer = trl.SFTTrainer if torch.cuda.is_available() else _cpu_trainer()
    return trainer(
        model=model,
        args=trl.SFTConfig(
            **config,
            train_sampling_strategy="group_by_length",
            dataset_kwargs={"skip_prepare_dataset": True},  # the rows are ready: tokens and labels
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )


def _cpu_trainer() -> type[SFTTrainer]:
    import torch
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class TrainedPositionsTrainer(SFTTrainer):  # type: ignore[misc]  # TRL has no types
        """Projects onto the vocabulary only where some row of the batch carries loss; the loss is TRL's, token mean."""

        def compute_loss(
            self,
            model: Any,
            inputs: Mapping[str, torch.Tensor],
            return_outputs: bool = False,
            num_items_in_batch: torch.Tensor | int | None = None,
        ) -> torch.Tensor:
            assert not return_outputs  # only evaluation asks for them
            targets = inputs["labels"][:, 1:]
            columns = (targets != IGNORED).any(dim=0).nonzero()[:, 0]
            output = model(**{**inputs, "labels": None}, logits_to_keep=columns, use_cache=False)
            logits = output.logits.flatten(0, 1).float()
            wanted = targets[:, columns].flatten()
            total = cross_entropy(logits, wanted, ignore_index=IGNORED, reduction="sum")
            return total / (num_items_in_batch if num_items_in_batch is not None else (wanted != IGNORED).sum())

    return TrainedPositionsTrainer
