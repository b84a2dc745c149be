"""A policy that replies from a function: for tests, and for measuring what everything but the model costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from gameable import Completion, Message, Policy, PolicyError, Request

Script = Callable[[str, str, int], str]
"""Takes the rendered prompt, the assistant's turn so far (opening included) and the seed; returns what comes next."""

_END = 256
_ASSISTANT = 257
_BYTES = (*range(256), ord("\n"))
"""What stands for a token in text; a turn ends with its line."""


@dataclass
class Scripted(Policy):
    """Tokens are the bytes of UTF-8, one that ends a turn and one that begins the assistant's; all have probability 1.

    What the function returns is cut like a model's reply: after a stop string, or at the token limit.
    """

    script: str = ""
    """`module:function`, called as (prompt, turn so far, seed) and returning the text that follows."""

    determinism: ClassVar[Literal["request", "batch", "none"]] = "request"

    # Typed Any, because pydantic would take the annotation of a function for something to validate.
    _function: Any = field(init=False, repr=False, default=None)

    @classmethod
    def of(cls, function: Script) -> Self:
        """Make one from a function at hand."""
        policy = cls()
        policy._function = function
        return policy

    @property
    def gpus(self) -> int:
        """None: there is no model."""
        return 0

    def fetch(self, cache: Path) -> Path:
        """Make a folder that stands for the weights, of which there are none."""
        self._script()
        folder = cache / "models" / "scripted"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text('{"model_type": "scripted"}\n')
        return folder

    def adopt(self, checkpoint: Path) -> None:
        """Change nothing: a script does not learn."""

    def encode(self, dialogue: Sequence[Message], opening: str) -> tuple[int, ...]:
        """Render each message as its role, a colon and its text, ended like a turn."""
        turns = [token for message in dialogue for token in (*f"{message.role}: {message.text}".encode(), _END)]
        return (*turns, _ASSISTANT, *opening.encode())

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Return the bytes."""
        return tuple(text.encode())

    @property
    def end_token(self) -> int:
        """The first number that is no byte."""
        return _END

    async def complete(self, request: Request) -> Completion:
        """Ask the function and cut its answer."""
        start = request.tokens.index(_ASSISTANT)
        text = self._script()(_decode(request.tokens[:start]), _decode(request.tokens[start + 1 :]), request.seed)
        return _cut(text, request)

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Return zeros: a script never hesitates."""
        return [[0.0] * (len(sequence) - 1) for sequence in sequences]

    def close(self) -> None:
        """Free nothing."""

    def _script(self) -> Script:
        if self._function is None:
            self._function = _load(self.script)
        function: Script = self._function
        return function


def _load(script: str) -> Script:
    """Import the function that an option names."""
    module, _, name = script.partition(":")
    try:
        function: Script = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PolicyError(
            f"The scripted policy needs `script: module:function`, and {script!r} gives none ({error}). Name a "
            "function that takes (prompt, turn so far, seed) and returns text, in a module that Python can import."
        ) from error
    return function


def _decode(tokens: Sequence[int]) -> str:
    return bytes(map(_BYTES.__getitem__, tokens)).decode(errors="replace")


def _cut(text: str, request: Request) -> Completion:
    """End a reply as sampling would: after the first stop string, at the end of the turn, or at the limit."""
    ends = [text.find(stop) + len(stop) for stop in request.stop if stop in text]
    tokens = tuple(text[: min(ends)].encode()) if ends else (*text.encode(), _END)
    stopped: Literal["stop", "end", "length"] = "stop" if ends else "end"
    if len(tokens) > request.max_tokens:
        tokens, stopped = tokens[: request.max_tokens], "length"
    shown = tokens[:-1] if stopped == "end" else tokens
    return Completion(bytes(shown).decode(errors="replace"), tokens, (0.0,) * len(tokens), stopped)
