"""Drawing next tokens: each row from its own seed, whatever else is in the batch.

Sampling is an inverse of the cumulative distribution at one uniform number a row, which is a hash of the request's seed
and the token's position. So a row's draw depends on its own logits and seed only.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK = 256
"""Width of the blocks in which probabilities are summed: the square root of a usual vocabulary."""
_ROWS = 16
"""Rows handled at a time, so that their probabilities stay in the processor's cache."""


def uniform(seed: int, position: int) -> float:
    """Return the number in [0, 1) that belongs to this seed and position, with 48 random bits."""
    digest = blake2b(f"{seed}:{position}".encode(), digest_size=6).digest()
    return float(int.from_bytes(digest, "little") / 2**48)


def draw(logits: Tensor, uniforms: Sequence[float], temperatures: Sequence[float]) -> tuple[list[int], list[float]]:
    """Draw one token a row.

    Args:
        logits: (rows, vocabulary), of any floating type; all arithmetic is in float32 and sums in float64.
        uniforms: One number in [0, 1) a row.
        temperatures: One a row; 0 takes the likeliest token.

    Returns:
        The tokens, and the natural-log probability of each at temperature 1.
    """
    tokens: list[int] = []
    logprobs: list[float] = []
    for start in range(0, len(logits), _ROWS):
        part = slice(start, start + _ROWS)
        chosen, scores = _draw(logits[part].float(), uniforms[part], temperatures[part])
        tokens += chosen.tolist()
        logprobs += scores.tolist()
    return tokens, logprobs


def _draw(logits: Tensor, uniforms: Sequence[float], temperatures: Sequence[float]) -> tuple[Tensor, Tensor]:
    import torch

    heat = torch.tensor(temperatures, device=logits.device)
    target = torch.tensor(uniforms, dtype=torch.float64, device=logits.device)
    peak, best = logits.max(-1)
    weights = (logits - peak[:, None]).exp_()
    mass = weights.sum(-1)
    if any(temperature not in (0.0, 1.0) for temperature in temperatures):
        safe = torch.where(heat == 0, 1.0, heat)
        weights = ((logits - peak[:, None]) / safe[:, None]).exp_()
    tokens = best if not any(temperatures) else torch.where(heat == 0, best, _invert(weights, target))
    return tokens, logits.gather(-1, tokens[:, None])[:, 0] - peak - mass.log()


def _invert(weights: Tensor, target: Tensor) -> Tensor:
    """Return the first token at which each row's cumulative weight exceeds its share `target` of the whole.

    The sum goes first over blocks and then inside the one block that matters, which reads the vocabulary once.
    """
    import torch

    weights = torch.nn.functional.pad(weights, (0, -weights.shape[-1] % _BLOCK))
    blocks = weights.view(len(weights), -1, _BLOCK)
    mass = blocks.sum(-1, dtype=torch.float32).double()
    upto = mass.cumsum(-1)
    wanted = (target * upto[:, -1])[:, None]
    block = torch.searchsorted(upto, wanted, right=True)
    here = mass.gather(-1, block)
    # Block sums were rounded, so the remainder is taken as a share of its block: it can never point past the end.
    share = ((wanted - upto.gather(-1, block) + here) / here).clamp(0.0, 1.0 - 2.0**-40)
    inside = blocks[torch.arange(len(blocks), device=block.device), block[:, 0]].double().cumsum(-1)
    return block[:, 0] * _BLOCK + torch.searchsorted(inside, share * inside[:, -1:], right=True)[:, 0]
