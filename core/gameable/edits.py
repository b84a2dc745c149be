"""Tells from the text of a shell command whether it tries to change a file, so that a failed try leaves a trace.

It reads the command and runs nothing. What succeeded is told from the final files instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_OPERATORS = "();<>|&\n"
_CHANGES_FIRST_ARGUMENT = frozenset({">", "replace", "write"})
_CHANGES_EVERY_ARGUMENT = frozenset({"rm", "unlink", "tee", "truncate", "mv", "chmod", "ed", "patch", "shred"})
_IN_PLACE = re.compile(r"-\w*i|--in-place")
_WRITING = re.compile(r"""write_text|unlink|remove\(|,\s*(?:mode\s*=\s*)?['"][rbt]*[wax+]""")


def tries_to_change(command: str, path: str) -> bool:
    """Whether a shell command, successful or not, was meant to change, remove or replace the file at `path`.

    Files are told by their last name, wherever the working directory was. A `replace` of a text by itself changes
    nothing and does not count.
    """
    name = PurePosixPath(path).name
    return any(_same_file(target, name) for words in _simple_commands(command) for target in _targets(words, name))


def _simple_commands(command: str) -> Iterator[list[str]]:
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
