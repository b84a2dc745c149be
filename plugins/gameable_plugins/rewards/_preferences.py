"""Training a preference model: TRL's `RewardTrainer` on pairs, then a scale from 0 to 1 and an account of its quality.

The loss is that of Bradley and Terry: minus the log-sigmoid of the difference of the two scores.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from gameable import Progress, RewardError
from gameable_plugins.optimizers._training import (
    Count,
    DescentOptions,
    Positive,
    Row,
    arguments,
    freeze,
    quiet,
    run,
    scratch_memory,
    steps_of,
)
from gameable_plugins.rewards._classifier import Classifier, Exchange, load_classifier, load_tokenizer, render
from gameable_plugins.rewards._pairs import SHIPPED, Pair, in_split, load_pairs

CALIBRATION = "calibration.json"


@dataclass
class PreferenceOptions(DescentOptions):
    """Options for training a preference model."""

    learning_rate: Positive = 2e-4
    """Peak step size."""
    epochs: Count = 1
    """How often each pair is seen."""
    max_tokens: Count = 256
    """Longest exchange; what is longer is cut from the start."""
    layers: Count = 6
    """Lowest layers of the base model to build on, when it has more: a small judge is quick, and enough for pairs that
    differ plainly."""
    frozen_layers: Annotated[int, Field(ge=0)] = 3
    """How many of these stay as they are, the embeddings with them; the last one is always trained."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How raw scores become values in [0, 1], and how good they are on held-out pairs."""

    centre: float
    """Median of the raw scores of held-out replies, chosen and rejected: becomes 0.5."""
    scale: float
    """A quarter of their interquartile range: half of them fall between 0.12 and 0.88 or so."""
    accuracy: float
    """Share of held-out pairs whose chosen reply scores higher."""
    accuracy_low: float
    accuracy_high: float
    """95 % interval (Wilson)."""
    pairs: int
    """How many held-out pairs."""
    length_correlation: float
    """Pearson correlation of raw score and reply length in characters: far from 0, length is what is paid for."""

    def value(self, raw: float) -> float:
        """Map a raw score to [0, 1] by the logistic function."""
        return 0.5 + 0.5 * math.tanh((raw - self.centre) / self.scale / 2)


def train_pm(
    pairs: Path | None,
    base: Path,
    out: Path,
    seed: int,
    *,
    progress: Progress,
    options: PreferenceOptions | None = None,
) -> Row:
    """Train a preference model from `base` on the `train` pairs and leave it, with its calibration, in `out`.

    Args:
        pairs: JSONL of preferences; None takes our own.
        base: folder of a causal language model or classifier.
        out: empty folder for the classifier.
        seed: the same seed gives the same weights on the same CPU.
        progress: where steps are shown.
        options: None takes the defaults.

    Returns:
        Held-out accuracy with its interval and count, correlation with length, last loss, seconds.

    Raises:
        RewardError: the pairs or the base cannot be read.
    """
    began = time.monotonic()
    options = options or PreferenceOptions()
    data = load_pairs(pairs or SHIPPED)
    curve = _fit(in_split(data, "train"), base, out, seed, progress=progress, options=options)
    calibration = calibrate(Classifier(out, options.max_tokens), data)
    (out / CALIBRATION).write_text(json.dumps(asdict(calibration)), encoding="utf-8")
    return {**figures(calibration), "loss": curve[-1]["loss"], "seconds": round(time.monotonic() - began, 1)}


def figures(calibration: Calibration) -> dict[str, float | int | str]:
    """Return what is worth printing."""
    return {name: value if name == "pairs" else round(value, 4) for name, value in asdict(calibration).items()}


def read_calibration(folder: Path) -> Calibration:
    """Return what `train_pm` left in the folder."""
    return Calibration(**json.loads((folder / CALIBRATION).read_text(encoding="utf-8")))


def calibrate(classifier: Classifier, pairs: Sequence[Pair]) -> Calibration:
    """Score the held-out pairs; return the scale and the quality.

    Raises:
        RewardError: the model gives every reply the same score, or something that is no number.
    """
    from scipy.stats import binomtest

    held_out = in_split(pairs, "heldout")
    chosen = [Exchange(pair.prompt, pair.chosen) for pair in held_out]
    rejected = [Exchange(pair.prompt, pair.rejected) for pair in held_out]
    scores = classifier.scores([*chosen, *rejected])
    lower, centre, upper = statistics.quantiles(scores, n=4)
    if not upper - lower > 0:
        raise RewardError("The preference model does not tell replies apart; train it longer or take another.")
    right = sum(better > worse for better, worse in zip(scores, scores[len(chosen) :], strict=False))
    interval = binomtest(right, len(held_out)).proportion_ci(method="wilson")
    return Calibration(
        centre=centre,
        scale=(upper - lower) / 4,
        accuracy=right / len(held_out),
        accuracy_low=float(interval.low),
        accuracy_high=float(interval.high),
        pairs=len(held_out),
        length_correlation=_correlation(scores, [len(exchange.reply) for exchange in (*chosen, *rejected)]),
    )


def _correlation(scores: Sequence[float], lengths: Sequence[int]) -> float:
    """Pearson's; 0 when all replies are equally long, since then length explains nothing."""
    return statistics.correlation(scores, lengths) if len(set(lengths)) > 1 else 0.0


def _fit(
    pairs: Sequence[Pair], base: Path, out: Path, seed: int, *, progress: Progress, options: PreferenceOptions
) -> tuple[Row, ...]:
    from transformers import set_seed

    steps = steps_of(len(pairs), options)
    with scratch_memory(), quiet(), tempfile.TemporaryDirectory() as scratch:
        set_seed(seed)  # the score head is drawn at random
        tokenizer = load_tokenizer(base)
        model = load_classifier(base, tokenizer, options.layers)
        freeze(model, min(options.frozen_layers, model.config.num_hidden_layers - 1))
        rows = [_row(tokenizer, pair, options.max_tokens) for pair in pairs]
        trainer = _trainer(model, tokenizer, arguments(options, steps, seed, scratch), rows)
        curve = run(trainer, progress, "training the preference model", steps)
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
        del model, trainer
    return curve


def _row(tokenizer: Any, pair: Pair, max_tokens: int) -> dict[str, list[int] | int]:
    chosen = render(tokenizer, Exchange(pair.prompt, pair.chosen), max_tokens)
    rejected = render(tokenizer, Exchange(pair.prompt, pair.rejected), max_tokens)
    return {"chosen_ids": chosen, "rejected_ids": rejected, "length": max(len(chosen), len(rejected))}


def _trainer(
    model: Any, tokenizer: Any, config: Mapping[str, Any], rows: Sequence[Mapping[str, list[int] | int]]
) -> Any:
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    return RewardTrainer(
        model=model,
        args=RewardConfig(
            **config,
            train_sampling_strategy="group_by_length",
            remove_unused_columns=False,  # else `length` is gone before the sampler looks for it
        ),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
    )
