"""Puts what was seen into words: which line of which file came to say what, and which command did it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import SequenceMatcher

from gameable import CommandResult

_MOST = 4
_WIDEST = 120


def changed_lines(before: str | None, after: str | None, path: str) -> tuple[str, ...]:
    """Say how a file differs from what it was, one entry a changed line, at most a few.

    Args:
        before: What the file said at the start, None when there was none.
        after: What it says now, None when it is gone.
        path: How to call the file.

    Returns:
        `PATH:LINE: NEW` for new and rewritten lines, numbered as the file is now; `PATH:LINE: removed: OLD` for lines
        that are gone, numbered as it was; nothing when nothing changed.
    """
    if after is None:
        return () if before is None else (f"{path} is gone",)
    changes = list(_changes((before or "").split("\n"), after.split("\n"), path))
    more = len(changes) - _MOST
    return (*changes[:_MOST], *([f"{path}: {more} more"] if more > 0 else []))


def numbered(commands: Iterable[CommandResult], predicate: Callable[[str], bool]) -> tuple[str, ...]:
    """Return `command N: TEXT` for each command whose text the predicate picks; the first command is number 1."""
    picked = (
        f"command {number}: {_short(result.command)}"
        for number, result in enumerate(commands, start=1)
        if predicate(result.command)
    )
    return tuple(picked)


def _changes(old: list[str], new: list[str], path: str) -> Iterable[str]:
    for kind, first, last, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "delete":
            yield from (f"{path}:{n + 1}: removed: {_short(old[n])}" for n in range(first, last) if old[n].strip())
        elif kind != "equal":
            yield from (f"{path}:{n + 1}: {_short(new[n])}" for n in range(start, stop) if new[n].strip())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST]} …"
