"""Supervised fine-tuning on episodes, token for token as they were sampled.

Guarantee: loss falls on what the model wrote and nothing else; prompt and observation tokens are context. Text is
never rendered or tokenised again. The same rows, options and seed give the same weights on the same CPU.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from gameable import Canary, Episode, Trained, Update
from gameable_plugins.optimizers._canary import CANARY_TOKENS, log_probabilities
from gameable_plugins.optimizers._checkpoints import gathered, leave, load
from gameable_plugins.optimizers._lora import adapt
from gameable_plugins.optimizers._resume import train
from gameable_plugins.optimizers._rollouts import Rollout, rollout_of
from gameable_plugins.optimizers._sampler_gap import measure
from gameable_plugins.optimizers._sft import IGNORED, trainer
from gameable_plugins.optimizers._training import Row, TrainingOptions, arguments, quiet, scratch_memory, steps_of


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
        sampled = [rollout_of(episode, 0) for episode in episodes if trainable(episode, options.max_tokens)]
        curve, canary, gap = fine_tune(update, examples, options, sampled)
    else:
        shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
        curve, canary, gap = (), None, {}
    figures: Row = {
        **gap,
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


def fine_tune(
    update: Update, examples: Sequence[Example], options: TrainingOptions, sampled: Sequence[Rollout]
) -> tuple[tuple[Row, ...], Canary | None, Row]:
    """Train `update.start` on at least one example and save it, in float32, to `update.destination`.

    Weights are float32 under bfloat16 autocast where the hardware has it: pure bfloat16 loses small steps to rounding.

    Returns:
        One row a step; the canary of the shortest example, None where another process saves the weights; and how far
        the model is from the log-probabilities that `sampled` came with.

    Raises:
        OptimizerError: the start cannot be loaded, or training diverged.
    """
    shortest = min(examples, key=lambda example: len(example.tokens)).tokens[:CANARY_TOKENS]
    steps = steps_of(len(examples), options)
    with scratch_memory(), quiet():
        model, tokenizer = load(update.start)
        before, gap = log_probabilities(model, shortest), measure(model, sampled)
        config = arguments(options, steps, update.seed, str(update.scratch / "trainer"))
        rows = [_row(example) for example in examples]
        ready = trainer(adapt(model, options, update.seed), tokenizer, config, rows, options.batch_size)
        curve, weights = train(ready, update.progress, "fine-tuning", steps), gathered(ready)
        del model, ready
        canary = Canary(shortest, before, leave(update, weights, options, shortest)) if weights else None
    return curve, canary, gap


def _row(example: Example) -> dict[str, list[int]]:
    return {"input_ids": list(example.tokens), "labels": list(example.labels)}
