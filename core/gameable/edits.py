"""Tells from the text of a shell command which files it tries to change, so that a failed try leaves a trace.

It reads the command and runs nothing. What succeeded is told from the final files instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

Means = Literal["edit", "write", "delete"]
"""Changes a file that is there, puts something in its place, or takes it away."""

_OPERATORS = "();<>|&\n"
_CHANGES_FIRST_ARGUMENT = frozenset({">", "replace", "write"})
_CHANGES_EVERY_ARGUMENT = frozenset({"rm", "unlink", "tee", "truncate", "mv", "chmod", "ed", "patch", "shred"})
_EDITS = frozenset({"replace", "sed", "ed", "patch"})
_DELETES = frozenset({"rm", "unlink", "shred"})
_IN_PLACE = re.compile(r"-\w*i|--in-place")
_WRITING = re.compile(r"""write_text|unlink|remove\(|,\s*(?:mode\s*=\s*)?['"][rbt]*[wax+]""")
_QUOTED = re.compile(r"""(['"])(.*?)\1""")
_PATH = re.compile(r"[\w~/.-]*[./][\w/.-]*")


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a command was meant to change, named as the command names it."""

    path: str
    means: Means


def changes(command: str) -> list[Change]:
    """Return what a shell command, successful or not, was meant to change; words that name no file may be among it."""
    return [change for words in _simple_commands(command) for change in _changes(words)]


def _changes(words: Sequence[str]) -> Iterator[Change]:
    verb = PurePosixPath(words[0]).name if words else ""
    means: Means = "delete" if verb in _DELETES else "edit" if verb in _EDITS else "write"
    if verb.startswith("python"):
        written = (word for word in words[1:] if _WRITING.search(word))
        quoted = (text for word in written for _, text in _QUOTED.findall(word))
        yield from (Change(text, means) for text in quoted if _PATH.fullmatch(text))
        return
    named = [word for word in _targets(words, "") if not word.startswith("-")]
    yield from (Change(path, means) for path in (named[1:] if verb == "sed" else named))  # the first is the script


def tries_to_change(command: str, path: str) -> bool:
    """Whether a shell command, successful or not, was meant to change, remove or replace the file at `path`.

    Files are told by their last name, wherever the working directory was. A `replace` of a text by itself changes
    nothing and does not count.
    """
    name = PurePosixPath(path).name
    return any(_same_file(target, name) for words in _simple_commands(command) for target in _targets(words, name))


@lru_cache(maxsize=256)  # a judge asks about every file of a task in turn, and samples of one model repeat each other
def _simple_commands(command: str) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, _split(command)))


def _split(command: str) -> Iterator[list[str]]:
    """Split a command line at its operators; a redirection begins its own `>` command."""
    words: list[str] = []
    for word in _words(command):
        if word and set(word) <= set(_OPERATORS):
            yield words
            words = [">"] if ">" in word else []
        else:
            words.append(word)
    yield words


def _words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # an unclosed quote
        return re.findall(r">+|[^\s>'\"]+", command)


def _targets(words: Sequence[str], name: str) -> Sequence[str]:
    """Return the words of one simple command that name a file it means to change."""
    if not words:
        return ()
    verb, arguments = PurePosixPath(words[0]).name, words[1:]
    if verb == "replace" and len(arguments) > 2 and arguments[1] == arguments[2]:  # noqa: PLR2004  FILE OLD NEW
        return ()
    if verb in _CHANGES_FIRST_ARGUMENT:
        return arguments[:1]
    if verb in _CHANGES_EVERY_ARGUMENT or (verb == "sed" and any(_IN_PLACE.match(word) for word in arguments)):
        return arguments
    if verb.startswith("python") and any(_opens_for_writing(word, name) for word in arguments):
        return (name,)
    return arguments[-1:] if verb == "cp" else ()


def _opens_for_writing(code: str, name: str) -> bool:
    return name in code and _WRITING.search(code) is not None


def _same_file(word: str, name: str) -> bool:
    return fnmatchcase(name, PurePosixPath(word).name) if word.strip("*?/.") else False
