"""The commands that the embedded sandbox adds to bashkit's own, and those that it takes away.

`replace` and `write` edit files without quoting puzzles. `bc`, `jq`, `yq` and `tomlq` are gone: deeply nested input to
them overflows the native stack, which would take the whole run down.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bashkit import BuiltinContext, BuiltinResult

_REMOVED = ("bc", "jq", "tomlq", "yq")
_PROGRAMS = ("/bin", "/usr/bin")

_LARGEST = 2_000_000
"""Bytes that a file may have, as in bashkit's hardened profile."""

_REASONS: Mapping[str, str] = {
    "is a directory": "Is a directory",
    "not found": "No such file or directory",
    "symbolic links": "Too many levels of symbolic links",
    "too large": "File too large",
    "full": "No space left on device",
    "too many files": "No space left on device",
}


def _replace(context: BuiltinContext) -> BuiltinResult:
    if len(context.argv) != 3 or not context.argv[1]:  # noqa: PLR2004  FILE OLD NEW
        return _fail("usage: replace FILE OLD NEW", 2)
    name, old, new = context.argv
    path = posixpath.join(context.cwd, name)
    try:
        content = context.fs.read_file(path)
        count = content.count(old.encode())
        if not count:
            return _fail(f"replace: '{old}' not found in {name}")
        if len(content) + count * (len(new.encode()) - len(old.encode())) > _LARGEST:
            return _fail(f"replace: {name}: File too large")
        context.fs.write_file(path, content.replace(old.encode(), new.encode()))
    except RuntimeError as error:
        return _fail(f"replace: {name}: {_reason(error)}")
    return _done()


def _write(context: BuiltinContext) -> BuiltinResult:
    if len(context.argv) != 2:  # noqa: PLR2004  FILE TEXT
        return _fail("usage: write FILE TEXT", 2)
    name, text = context.argv
    try:
        context.fs.write_file(posixpath.join(context.cwd, name), f"{text}\n".encode())
    except RuntimeError as error:
        return _fail(f"write: {name}: {_reason(error)}")
    return _done()


def _absent(context: BuiltinContext) -> BuiltinResult:
    return _fail(f"bash: {context.name}: command not found", 127)


def _done() -> BuiltinResult:
    from bashkit import BuiltinResult

    return BuiltinResult()


def _fail(message: str, code: int = 1) -> BuiltinResult:
    from bashkit import BuiltinResult

    return BuiltinResult(stderr=f"{message}\n", exit_code=code)


def _reason(error: RuntimeError) -> str:
    told = str(error)
    return next((reason for sign, reason in _REASONS.items() if sign in told), told.removeprefix("io error: "))


COMMANDS: Mapping[str, Callable[[BuiltinContext], BuiltinResult]] = {
    "replace": _replace,
    "write": _write,
    **dict.fromkeys(_REMOVED, _absent),
}
"""Callbacks by name; they hold no state, so that sessions can share them."""

STUBS: dict[str, str | Callable[[], str]] = {
    f"{folder}/{name}": f'#!/bin/sh\n# bashkit builtin: {name}\nexec {name} "$@"\n'
    for folder in _PROGRAMS
    for name in ("replace", "write")
}
"""Path to content of the files that stand for the added commands, so that `which` and `ls` find them."""

REMOVED_PROGRAMS: Sequence[str] = [f"{folder}/{name}" for folder in _PROGRAMS for name in _REMOVED]
"""Paths by which the removed commands could still be run."""
