"""What worlds of every make have in common: which paths are a task's, how output is cut, how much is read back."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from gameable import SandboxError

SYSTEM = frozenset({"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr", "var"})
"""Top folders that are not the task's; a snapshot leaves them out."""

SNAPSHOT_FILES, SNAPSHOT_BYTES = 1_000, 4_000_000
"""Most that a snapshot holds."""

TOO_MUCH_LEFT = f"The episode left more than {SNAPSHOT_FILES} files or {SNAPSHOT_BYTES} bytes behind."


def check_paths(paths: Sequence[str]) -> None:
    """Refuse what is not a plain absolute path, and what lies in a system folder."""
    for path in paths:
        if not path.startswith("/") or posixpath.normpath(path) != path:
            raise SandboxError(f"A sandbox takes plain absolute paths such as /home/me/a.txt, not {path!r}.")
        if path.split("/")[1] in SYSTEM:
            raise SandboxError(
                f"{path!r} lies in a system folder, whose files are never read back; put the task's files elsewhere."
            )


def shorten(text: str, limit: int) -> str:
    """Keep the first and the last part of `text`, about `limit` characters in all, and say how many are missing."""
    if len(text) <= limit:
        return text
    return abridged(text[: limit - limit // 2], text[-(limit // 2) :], len(text) - limit)


def abridged(head: str, tail: str, missing: int) -> str:
    """Join the first and the last part of a text whose middle was left out."""
    return f"{head}\n[... {missing} characters left out ...]\n{tail}"
