"""The canary: what the trainer's weights say about one sequence, to be held against the sampler's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

CANARY_TOKENS = 256
"""Longest canary; what is beyond is left out."""


def log_probabilities(model: Any, tokens: Sequence[int]) -> tuple[float, ...]:
    """Natural-log probability of each token after the first under `model`, in float32.

    The class's own `forward` is called: trainers wrap the instance's in bfloat16 autocast.
    """
    import torch

    training = model.training
    model.eval()
    ids = torch.tensor([list(tokens)], device=model.device)
    with torch.no_grad():
        logits = type(model).forward(model, input_ids=ids, use_cache=False).logits[0, :-1]
    model.train(training)
    logprobs = torch.log_softmax(logits.float(), dim=-1)
    return tuple(logprobs.gather(1, ids[0, 1:, None])[:, 0].tolist())
