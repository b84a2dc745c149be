"""Remembers keys and values of turns that a command interrupted, within a bound, so that they need not be redone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gameable_policies._attention import Prefix

if TYPE_CHECKING:
    from torch import Tensor

Tokens = tuple[int, ...]

LIMIT = 2 << 30
"""Bytes of keys and values kept at most, the latest first: enough for 256 short episodes of a 135M model."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sequence whose keys and values are known: a shared prefix, then tokens of its own."""

    prefix: Prefix
    own: list[Tensor]

    @property
    def length(self) -> int:
        """How many tokens are known."""
        return len(self.prefix.tokens) + (self.own[0].shape[2] if self.own else 0)


class Memory:
    """Sequences by their tokens, the oldest forgotten first.

    What is found depends on nothing before the latest `LIMIT` bytes, so that equal batches find equal things.
    """

    def __init__(self) -> None:
        self._known: dict[Tokens, Remembered] = {}

    def clear(self) -> None:
        """Forget everything, because the weights have changed."""
        self._known.clear()

    def store(self, tokens: Tokens, remembered: Remembered) -> None:
        """Remember a sequence, and forget the oldest ones beyond the limit."""
        self._known.pop(tokens, None)
        self._known[tokens] = remembered
        while self._bytes() > LIMIT:
            del self._known[next(iter(self._known))]

    def take(self, prompts: Iterable[Tokens]) -> dict[Tokens, Remembered]:
        """Return, by prompt, the longest sequence that it goes on from, and forget those that were found.

        Several prompts may go on from one sequence: samples that wrote the same and saw different things.
        """
        keys = {tokens: key for tokens in prompts if (key := self._longest(tokens)) is not None}
        found = {tokens: self._known[key] for tokens, key in keys.items()}
        for key in set(keys.values()):
            del self._known[key]
        return found

    def _longest(self, tokens: Tokens) -> Tokens | None:
        lengths = sorted({len(known) for known in self._known if len(known) < len(tokens)}, reverse=True)
        return next((tokens[:length] for length in lengths if tokens[:length] in self._known), None)

    def _bytes(self) -> int:
        prefixes = {id(item.prefix): item.prefix.layers for item in self._known.values()}
        parts = [*prefixes.values(), *(item.own for item in self._known.values())]
        return sum(layers[0].nbytes * len(layers) for layers in parts)
