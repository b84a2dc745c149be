"""The hidden states of a causal language model on episodes: one vector each, the mean over the tokens of the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gameable import MonitorError, TranscriptView

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Reader:
    """A checkpoint that reads; it runs in one piece, on the first GPU or the CPU."""

    model: Any
    tokenizer: Any
    layer: int
    """Counted as transformers does: 0 is the embedding, the last one comes after all blocks."""

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
        """Return the mean hidden state from token `begin` on, shape (width,)."""
        import torch

        with torch.no_grad():
            row = torch.tensor([list(tokens)], device=self.model.device)
            states = self.model.base_model(row, output_hidden_states=True, use_cache=False).hidden_states
        mean: np.ndarray = states[self.layer][0, begin:].mean(dim=0).float().cpu().numpy()
        return mean
