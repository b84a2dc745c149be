"""The hidden states of a causal language model on episodes: one vector each, the mean over the tokens of the reply.

Samples of one variant begin alike and are stored side by side, so each is read from where it leaves the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gameable import MonitorError, TranscriptView

if TYPE_CHECKING:
    import numpy as np
    from transformers import DynamicCache


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read last."""

    tokens: Sequence[int] = ()
    cache: DynamicCache | None = None
    states: Any = None
    """(tokens, width)"""

    def shared(self, tokens: Sequence[int]) -> int:
        """Count the tokens that another sequence begins with as well; at least its last one is left to read."""
        pairs = zip(self.tokens, tokens[:-1], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def until(self, length: int) -> DynamicCache:
        """Return the keys and values of so many tokens."""
        from transformers import DynamicCache

        cut = DynamicCache()
        for number, layer in enumerate(self.cache.layers if self.cache else ()):
            cut.update(layer.keys[:, :, :length], layer.values[:, :, :length], number)
        return cut


@dataclass(slots=True)
class Reader:
    """A checkpoint that reads; it runs in one piece, on the first GPU or the CPU."""

    model: Any
    tokenizer: Any
    layer: int
    """Counted as transformers does: 0 is the embedding, the last one comes after all blocks."""
    _last: _Read = field(init=False, repr=False, default_factory=_Read)

    @classmethod
    def load(cls, checkpoint: Path, depth: float) -> Self:
        """Load a checkpoint folder, to be read at this share of its depth.

        Raises:
            MonitorError: it holds no language model.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
            tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        except (OSError, ValueError) as error:
            raise MonitorError(
                f"No language model could be loaded from {checkpoint}: {error}. Name a folder under `checkpoints` of a "
                "run: --set checkpoint=RUN/checkpoints/STAGE"
            ) from error
        layer = round(depth * model.config.num_hidden_layers)
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer, layer)

    def tokens(self, view: TranscriptView) -> tuple[list[int], int]:
        """Return the rendered episode, and how many of its tokens come before the reply."""
        dialogue = [{"role": message.role, "content": message.text} for message in view.dialogue]
        prompt = self.tokenizer.apply_chat_template(dialogue, add_generation_prompt=True, return_dict=True)["input_ids"]
        reply = self.tokenizer(view.transcript, add_special_tokens=False)["input_ids"]
        return [*prompt, *reply], len(prompt)

    def read(self, tokens: Sequence[int], begin: int) -> np.ndarray:
        """Return the mean state from token `begin` on, shape (width,). What was read before moves it by rounding."""
        import torch

        shared = self._last.shared(tokens)
        cache, row = self._last.until(shared), torch.tensor([list(tokens[shared:])], device=self.model.device)
        with torch.no_grad():
            output = self.model.base_model(row, past_key_values=cache, use_cache=True, output_hidden_states=True)
        states = output.hidden_states[self.layer][0]
        if shared:
            states = torch.cat((self._last.states[:shared], states))
        self._last = _Read(tokens, cache, states)
        mean: np.ndarray = states[begin:].mean(dim=0).float().cpu().numpy()
        return mean
