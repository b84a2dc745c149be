"""The smallest whole policy backend: letters drawn evenly. Put your own engine in its place, method by method."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from gameable import Completion, Message, Policy, PolicyOffer, Request, hookimpl

_END = 256
"""Tokens are the bytes of UTF-8, and this one, which ends a turn."""


@dataclass
class NewPlugin(Policy):
    """Draws every letter of `letters`, and the end of the turn, with the same probability."""

    determinism: ClassVar[Literal["request", "batch", "none"]] = "request"

    letters: str = "abcdefghijklmnopqrstuvwxyz </>"
    """What it can write, in ASCII. Fields like this one are options that a profile can set."""

    def fetch(self, cache: Path) -> Path:
        """Return the folder of the weights; here there are none, so it stands for them."""
        folder = cache / "models" / "new-plugin"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def adopt(self, checkpoint: Path) -> None:
        """Load the weights in this folder, and sample from them from now on."""

    def encode(self, dialogue: Sequence[Message], opening: str) -> tuple[int, ...]:
        """Render the dialogue, open the reply, and tokenize."""
        turns = [token for message in dialogue for token in (*f"{message.role}: {message.text}".encode(), _END)]
        return (*turns, *opening.encode())

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Tokenize text in the middle of a turn."""
        return tuple(text.encode())

    @property
    def end_token(self) -> int:
        """What ends a turn."""
        return _END

    async def complete(self, request: Request) -> Completion:
        """Sample until a stop string, the end of the turn, or the limit."""
        draw, text = random.Random(request.seed), ""
        tokens: list[int] = []
        stopped: Literal["stop", "end", "length"] = "length"
        while len(tokens) < request.max_tokens and stopped == "length":
            token = draw.choice(self._vocabulary) if request.temperature else self._vocabulary[0]
            tokens.append(token)
            text += "" if token == _END else chr(token)
            if token == _END:
                stopped = "end"
            elif text.endswith(request.stop or ("\0",)):
                stopped = "stop"
        return Completion(text, tuple(tokens), tuple(map(self._logprob, tokens)), stopped)

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return the natural-log probability of each token after the first."""
        return [[self._logprob(token) for token in sequence[1:]] for sequence in sequences]

    def close(self) -> None:
        """Free the model."""

    @property
    def _vocabulary(self) -> tuple[int, ...]:
        return (*self.letters.encode("ascii"), _END)

    def _logprob(self, token: int) -> float:
        return -math.log(len(self._vocabulary)) if token in self._vocabulary else -math.inf


@hookimpl
def gameable_policies() -> Iterable[PolicyOffer]:
    """Offer the policy."""
    yield PolicyOffer(name="new-plugin", summary="Letters drawn evenly.", factory="new_plugin:NewPlugin")
