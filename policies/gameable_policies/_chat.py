"""What every backend does that reads a model's folder itself: find it, render dialogues, tokenize."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gameable import Message, Policy, PolicyError
from gameable_policies import models


@dataclass
class ChatPolicy(Policy):
    """A model with a tokenizer and a chat template; how it is sampled is left to the backend."""

    model: str
    """A local folder, `smollm2-135m-instruct`, or the name of a model on the Hugging Face Hub."""

    # Typed Any, because pydantic reads this annotation and has no schema for a tokenizer.
    _tokenizer: Any = field(init=False, repr=False, default=None)

    def fetch(self, cache: Path) -> Path:
        """Return the model's local folder, and read its tokenizer."""
        folder = models.fetch(self.model, cache)
        self._read(folder)
        return folder

    def at_hand(self, cache: Path) -> Path | None:
        """Return the model's local folder if it is there."""
        return models.at_hand(self.model, cache)

    def encode(self, dialogue: Sequence[Message], opening: str) -> tuple[int, ...]:
        """Render with the chat template and tokenize once, so that the opening may join the template's last token."""
        messages = [{"role": message.role, "content": message.text} for message in dialogue]
        text = self._ready().apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return tuple(self._ready()(text + opening, add_special_tokens=False)["input_ids"])

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Tokenize as plain text: what a command prints cannot forge the end of a turn."""
        return tuple(self._ready()(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    @property
    def end_token(self) -> int:
        """The token that the chat template puts after an assistant's text."""
        return _end_token(self._ready())

    def _read(self, folder: Path) -> None:
        """Read the tokenizer, once."""
        if self._tokenizer is None:
            self._tokenizer = _read_tokenizer(folder)

    def _ready(self) -> Any:
        if self._tokenizer is None:
            raise PolicyError(
                f"The tokenizer of {self.model} is not loaded: fetch the model or adopt a checkpoint first."
            )
        return self._tokenizer


def _read_tokenizer(folder: Path) -> Any:
    """Read the tokenizer of a model.

    Raises:
        PolicyError: it has no chat template.
    """
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.chat_template:
        raise PolicyError(
            f"The model in {folder} has no chat template, so it cannot be given a dialogue. Name an instruct model, or "
            "put a chat_template.jinja into the folder."
        )
    return tokenizer


def _end_token(tokenizer: Any) -> int:
    """Find what the chat template writes after an assistant's text; it need not be the tokenizer's end of sequence."""
    mark = "gameable-mark"
    dialogue = [{"role": "user", "content": "x"}, {"role": "assistant", "content": mark}]
    after = tokenizer.apply_chat_template(dialogue, tokenize=False).rpartition(mark)[2]
    first = tokenizer(after.lstrip(), add_special_tokens=False)["input_ids"][:1]
    return int(first[0]) if first and first[0] in tokenizer.added_tokens_decoder else int(tokenizer.eos_token_id)
