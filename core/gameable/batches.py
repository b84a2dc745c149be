"""Items a few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of `size` items, the last one shorter; nothing is read ahead of the list that is asked for."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
