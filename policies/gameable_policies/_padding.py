"""Sequences of unequal length as one tensor, and in groups that waste little on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


def padded(sequences: Sequence[Sequence[int]], device: Any, *, left: bool = False) -> Tensor:
    """Stack sequences, padded on the right, or left, with a token that nothing attends to."""
    import torch

    longest = max(map(len, sequences))
    holes = [[0] * (longest - len(tokens)) for tokens in sequences]
    rows = [[*some, *tokens] if left else [*tokens, *some] for some, tokens in zip(holes, sequences, strict=True)]
    return torch.tensor(rows, device=device)


def chunks(items: Iterable[T], size: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Group items of like size, so that a group padded to its largest stays within the limit, if it can."""
    chunk: list[T] = []
    for item in sorted(items, key=size):
        if chunk and (len(chunk) + 1) * size(item) > limit:
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk
