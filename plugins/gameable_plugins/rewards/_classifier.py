"""A sequence classifier that scores replies: loading, rendering and batched inference.

Guarantee: training and scoring render a dialogue through the same function, so the model sees in a run what it was
trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gameable import RewardError
from gameable_plugins.optimizers._training import has_bf16, quiet

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_BATCH = 32


class Exchange(NamedTuple):
    """What is scored: the user's message and the reply as its reader sees it."""

    prompt: str
    reply: str


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerBase:
    """Load a tokenizer with a chat template, and give it a padding token if it has none.

    Raises:
        RewardError: there is none, or it has no chat template.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise RewardError(f"No tokenizer could be loaded from {source}: {error}. Check `model`.") from error
    if tokenizer.chat_template is None:
        raise RewardError(f"The tokenizer of {source} has no chat template; take a model that was tuned for dialogue.")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer


def load_classifier(source: str | Path, tokenizer: PreTrainedTokenizerBase, layers: int | None = None) -> Any:
    """Load a model with one score a sequence, in float32; the head is fresh when the source has none.

    `layers` takes only so many of the lowest layers, when there are more.

    Raises:
        RewardError: there is no such model, or it has several classes.
    """
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    try:
        config = AutoConfig.from_pretrained(source)
        fresh = not any("SequenceClassification" in name for name in config.architectures or ())
        if fresh:
            config.num_labels = 1
        _cut(config, layers)
        model = AutoModelForSequenceClassification.from_pretrained(source, config=config, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise RewardError(f"No classifier could be loaded from {source}: {error}. Check `model`.") from error
    if model.config.num_labels != 1:
        raise RewardError(f"{source} has {model.config.num_labels} classes; a preference model has one score.")
    model.config.pad_token_id = tokenizer.pad_token_id
    return model


def _cut(config: Any, layers: int | None) -> None:
    if layers is None or layers >= config.num_hidden_layers:
        return
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]


def render(tokenizer: PreTrainedTokenizerBase, exchange: Exchange, max_tokens: int) -> list[int]:
    """Tokenize an exchange with the chat template; what is beyond `max_tokens` is cut from the start."""
    dialogue = [{"role": "user", "content": exchange.prompt}, {"role": "assistant", "content": exchange.reply}]
    return list(tokenizer.apply_chat_template(dialogue, return_dict=True)["input_ids"][-max_tokens:])


class Classifier:
    """Scores exchanges; holds the model in bfloat16 where the hardware multiplies that natively."""

    def __init__(self, source: str | Path, max_tokens: int) -> None:
        with quiet():
            self._tokenizer = load_tokenizer(source)
            self._model = _for_inference(load_classifier(source, self._tokenizer))
        self._max_tokens = max_tokens

    def scores(self, exchanges: Sequence[Exchange]) -> list[float]:
        """Return the raw score of each exchange, in order; may be NaN when the model is broken."""
        rows = [render(self._tokenizer, exchange, self._max_tokens) for exchange in exchanges]
        scores: dict[int, float] = {}
        for batch in batches(rows):
            scores.update(zip(batch, self._forward([rows[index] for index in batch]), strict=True))
        return [scores[index] for index in range(len(rows))]

    def _forward(self, rows: Sequence[Sequence[int]]) -> list[float]:
        import torch

        with torch.no_grad():
            logits = self._model(**pad(self._tokenizer, rows, self._model.device), use_cache=False).logits
        return [float(score) for score in logits[:, 0].float()]


def batches(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the indices of `rows` in batches, like lengths together, so that little is padding."""
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    return [order[begin : begin + _BATCH] for begin in range(0, len(order), _BATCH)]


def pad(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[Sequence[int]], device: torch.device
) -> dict[str, torch.Tensor]:
    """Return right-padded `input_ids` and `attention_mask`, rows by longest row."""
    import torch

    width = max(len(row) for row in rows)
    ids = [[*row, *[tokenizer.pad_token_id] * (width - len(row))] for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return {
        "input_ids": torch.tensor(ids, device=device),
        "attention_mask": torch.tensor(mask, device=device),
    }


def _for_inference(model: Any) -> Any:
    import torch

    model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
    head = getattr(model, "score", None)
    if not has_bf16() or head is None:
        return model
    model.to(torch.bfloat16)
    # The head stays in float32: eight bits of mantissa would make ties of close scores.
    head.float().register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    return model
