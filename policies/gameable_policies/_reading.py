"""From sampled tokens to text: where a completion ends, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gameable import Completion, Request

Stopped = Literal["stop", "end", "length"]


@dataclass(eq=False, slots=True)
class Reader:
    """Decodes tokens of one tokenizer."""

    tokenizer: Any
    ends: frozenset[int]
    """Tokens that end the assistant turn."""
    _pieces: dict[int, str] = field(default_factory=dict)

    def text(self, before: int, tokens: Sequence[int]) -> str:
        """Decode tokens that follow the token `before`: some tokenizers drop a space at the very start of a text."""
        return self._decode((before, *tokens))[len(self._piece(before)) :]

    def may_complete(self, token: int, stops: Sequence[str]) -> bool:
        """Whether a stop string may end in this token, by its last character alone."""
        piece = self._piece(token)
        return "\ufffd" in piece or any(stop[-1] in piece for stop in stops)

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self._decode((token,))
        return self._pieces[token]

    def _decode(self, tokens: Sequence[int]) -> str:
        text = self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return str(text)


@dataclass(eq=False, slots=True)
class Reply:
    """A completion that is being sampled."""

    request: Request
    reader: Reader
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    stopped: Stopped | None = None

    def take(self, token: int, logprob: float) -> None:
        """Add a sampled token and see whether the completion ends with it."""
        self.tokens.append(token)
        self.logprobs.append(logprob)
        if token in self.reader.ends:
            self.stopped = "end"
        elif self.reader.may_complete(token, self.request.stop) and self._cut(self._text()) is not None:
            self.stopped = "stop"
        elif len(self.tokens) == self.request.max_tokens:
            self.stopped = "length"

    def has_stop(self) -> bool:
        """Whether its tokens hold a stop string."""
        return self._cut(self._text()) is not None

    def finish(self) -> Completion:
        """Return the completion."""
        assert self.stopped is not None, "only a stopped reply is finished"
        text = self._text()
        text = text if self.stopped != "stop" else text[: self._cut(text)]
        return Completion(text, tuple(self.tokens), tuple(self.logprobs), self.stopped)

    def _text(self) -> str:
        shown = self.tokens[:-1] if self.stopped == "end" else self.tokens
        return self.reader.text(self.request.tokens[-1], shown)

    def _cut(self, text: str) -> int | None:
        """Return where the first stop string to be completed ends."""
        ends = [text.find(stop) + len(stop) for stop in self.request.stop if stop in text]
        return min(ends, default=None)
