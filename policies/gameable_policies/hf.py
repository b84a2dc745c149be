"""A transformers model in this process, on CPU or GPU: batched sampling, weights taken over in place."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gameable import Completion, Message, Policy, PolicyError, Request
from gameable_policies import _weights, models
from gameable_policies._batching import Batcher

if TYPE_CHECKING:
    from gameable_policies._generation import Generator


@dataclass
class HuggingFace(Policy):
    """A causal language model with full attention, as transformers loads it.

    Requests made in one turn of the event loop are sampled together. Sampling depends on the batch only by rounding: in
    bfloat16 that can change a token, so the promise is for equal batches.
    """

    model: str
    """A local folder, `smollm2-135m-instruct`, or the name of a model on the Hugging Face Hub."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """`auto` is bfloat16 where the hardware computes in it, float32 elsewhere."""
    device: str = "auto"
    """`auto` is the first GPU, or the CPU where there is none; or any name that torch knows."""
    batch_size: int = 128
    """Most rows decoded at once."""

    determinism: ClassVar[Literal["request", "batch", "none"]] = "batch"

    # Private state is typed Any, because pydantic reads these annotations and has no schema for such classes.
    _tokenizer: Any = field(init=False, repr=False, default=None)
    _generator: Any = field(init=False, repr=False, default=None)
    _batcher: Any = field(init=False, repr=False, default=None)
    _lock: Any = field(init=False, repr=False, default_factory=threading.Lock)

    def fetch(self, cache: Path) -> Path:
        """Return the model's local folder, and read its tokenizer."""
        _spare_cores()
        folder = models.fetch(self.model, cache)
        if self._tokenizer is None:
            self._tokenizer = _read_tokenizer(folder)
        return folder

    def at_hand(self, cache: Path) -> Path | None:
        """Return the model's local folder if it is there."""
        return models.at_hand(self.model, cache)

    def adopt(self, checkpoint: Path) -> None:
        """Sample from these weights from now on.

        Raises:
            PolicyError: they are not of this model, or it has a kind of attention that this backend lacks.
        """
        _spare_cores()
        with self._lock:
            if self._generator is None:
                self._generator = self._load(checkpoint)
            else:
                _weights.take_over(self._generator.model, checkpoint)
                self._generator.memory.clear()

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

    async def complete(self, request: Request) -> Completion:
        """Sample one completion, in a batch with the other requests of the moment."""
        if self._batcher is None:
            self._batcher = Batcher(self._complete)
        completion: Completion = await self._batcher.submit(request)
        return completion

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Score sequences in batches of like length."""
        with self._lock:
            return self._loaded().logprobs(sequences)

    def close(self) -> None:
        """Free model and memory; `adopt` would load again."""
        with self._lock:
            self._generator = None

    def _complete(self, requests: Sequence[Request], wanted: Any) -> list[Completion | None]:
        with self._lock:
            return self._loaded().complete(requests, wanted)

    def _loaded(self) -> Generator:
        if self._generator is None:
            raise PolicyError(f"The model {self.model} is not loaded: adopt a checkpoint first.")
        generator: Generator = self._generator
        return generator

    def _ready(self) -> Any:
        if self._tokenizer is None:
            raise PolicyError(
                f"The tokenizer of {self.model} is not loaded: fetch the model or adopt a checkpoint first."
            )
        return self._tokenizer

    def _load(self, checkpoint: Path) -> Generator:
        """Load model and tokenizer."""
        from gameable_policies._generation import Generator
        from gameable_policies._reading import Reader

        self._tokenizer = self._tokenizer or _read_tokenizer(checkpoint)
        model = _weights.load(checkpoint, self.dtype, self.device)
        eos = model.generation_config.eos_token_id
        ends = frozenset({self.end_token, *(eos if isinstance(eos, list) else [eos] * (eos is not None))})
        return Generator(model, Reader(self._tokenizer, ends), self.batch_size)


def _spare_cores() -> None:
    """Let torch's threads spin only briefly before they sleep, unless the user has chosen otherwise.

    Threads that never stop spinning cost ten times and more as soon as anything else wants a core; threads that sleep
    at once (`OMP_WAIT_POLICY=PASSIVE`) sampled and trained a sixth to a third slower than these on two idle cores.
    OpenMP reads this when torch is first imported, so it is set before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")


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
