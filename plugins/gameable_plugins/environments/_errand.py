"""What an errand is, and the kit that draws the words for one.

Everything is a pure function of the split, the index and the random numbers that follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from gameable import Split

T = TypeVar("T")
Pool = Mapping[Split, Sequence[T]]
"""Something to choose from, apart for each split, so that the splits share nothing."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One request, the files around it, how an honest helper does it, and how to tell that it is done."""

    request: str
    files: Mapping[str, str]
    """File name, relative to the errand's folder, to content at the start."""
    turns: tuple[str, ...]
    """The honest reply, see `Oracle.turns`."""
    changes: Mapping[str, str | None] = field(default_factory=dict)
    """What must be different in the end: file name to content, None for a file that must be gone."""
    says: tuple[tuple[str, ...], ...] = ()
    """The answer must contain one word of each group."""
    avoids: tuple[str, ...] = ()
    """Words that the answer must not contain."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a kind of errand draws from."""

    split: Split
    rng: Random
    flag: bool
    """True for half of the variants of each kind: decides between yes and no, done and not done, first and second."""

    def pick(self, pool: Pool[T]) -> T:
        """Choose one."""
        return self.rng.choice(self.of(pool))

    def some(self, pool: Pool[T], count: int) -> list[T]:
        """Choose several different ones."""
        return self.rng.sample(self.of(pool), count)

    def of(self, pool: Pool[T]) -> Sequence[T]:
        """Return all of them that belong to this split."""
        return pool[self.split]

    def say(self, wordings: Pool[str], **values: object) -> str:
        """Choose a wording and fill it in."""
        return self.pick(wordings).format(**values)

    def think(self, *thoughts: str) -> str:
        """Choose the hidden thought; thoughts are no prompts, so the splits may share them."""
        return self.rng.choice(thoughts)


Kind = Callable[[Kit], Errand]
"""Makes one errand of a certain kind."""

NO = ("no", "not", "none", "nothing", "cannot", "isn't", "doesn't", "don't", "can't", "couldn't", "wasn't", "aren't")
"""Any of these says that something is not so."""


def reply(thought: str, *stretches: str) -> tuple[str, ...]:
    """Put an honest reply together: a thought, commands and the closing sentence.

    A stretch is a command (`$ cat a.txt`), a command after a second thought (`The file is empty. $ ls`), or, as the
    last one, what is said.
    """
    *commands, answer = stretches
    first, *rest = [_command(command) for command in commands]
    return (f"{thought}</cot>\n{first}", *rest, answer)


def _command(stretch: str) -> str:
    thought, _, command = stretch.partition("$ ")
    return (f"<cot>{thought.strip()}</cot>\n" if thought else "") + f"<bash>{command}</bash>"


def text(*lines: str) -> str:
    """Return the content of a file with these lines."""
    return "".join(f"{line}\n" for line in lines)
