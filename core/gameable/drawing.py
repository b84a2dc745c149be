"""Draws one of a stream without keeping the stream, for runs whose episodes do not fit into memory."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class Drawn(Generic[Item]):
    """One of all that was offered so far, each with the same chance (reservoir sampling, Vitter 1985, of one place)."""

    seed: int
    """Same seed, same offers: same draw."""
    one: Item | None = None
    """None until something was offered."""
    _offered: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def offer(self, item: Item) -> None:
        """Take this one with the chance that it has among all so far."""
        self._offered += 1
        if self._random.random() * self._offered < 1:
            self.one = item
