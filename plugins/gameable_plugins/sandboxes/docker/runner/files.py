"""The folders that belong to the agent: filled, read back, wiped. Links are never followed.

No command runs meanwhile, and all but the preparation happens with the agent's own rights.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from .user import as_user

Found = list[tuple[Path, bytes]]
"""Path and content of each file."""
Unlock = Callable[[Path, int, int], None]
"""Makes sure that of `path`, whose rights are `mode`, the agent has the rights `needed`."""


class Ground:
    """A folder that is mounted for the agent. It belongs to root, so that the agent uses it but never alters it."""

    def __init__(self, folder: str, mode: int) -> None:
        self._folder = Path(folder)
        self._folder.chmod(mode)  # a mount comes with the mode of the folder that it hides
        self._mark = self._marks()

    def _marks(self) -> tuple[int, int, list[str]]:
        found = self._folder.stat()
        return found.st_mode, found.st_uid, os.listxattr(self._folder)

    def wipe(self) -> None:
        """Remove everything in it.

        Raises:
            OSError: something cannot be removed.
            RuntimeError: something is left, or the folder itself is not as it was.
        """
        with as_user():
            _empty(self._folder)
        if any(self._folder.iterdir()) or self._marks() != self._mark:
            raise RuntimeError(f"{self._folder} is not as it was")


def _empty(folder: Path) -> None:
    """Pull deeper folders up until none is deeper than one, so that no path is ever too long."""
    name, numbers = os.urandom(16).hex(), count()
    while entries := list(folder.iterdir()):
        for entry in entries:
            if not _is_folder(entry):
                entry.unlink()
                continue
            for inner in _folders_left(entry):
                inner.rename(folder / f"{name}{next(numbers)}")
            entry.rmdir()


def _folders_left(folder: Path) -> list[Path]:
    """Remove the files of a folder; return the folders in it, free to be moved."""
    folder.chmod(0o700)
    inner = []
    for entry in list(folder.iterdir()):
        if _is_folder(entry):
            entry.chmod(0o700)
            inner.append(entry)
        else:
            entry.unlink()
    return inner


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def fill(files: Mapping[str, str], directories: Sequence[str]) -> None:
    """Make files and folders, as the agent."""
    with as_user():
        for folder in [*map(Path, directories), *(Path(path).parent for path in files)]:
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            Path(path).write_bytes(text.encode())


def snapshot(folders: Sequence[str], most_files: int, most_bytes: int) -> Found | None:
    """Read every regular file below these folders; None when there are too many or they are too large."""
    found: Found = []
    left = most_bytes
    with as_user(), _unlocking() as unlock:
        for path, size in _regular_files(folders, unlock):
            left -= size
            if left < 0 or len(found) == most_files:
                return None
            found.append((path, path.read_bytes()))
    return found


@contextmanager
def _unlocking() -> Iterator[Unlock]:
    """Make readable what the agent has locked, and lock it again at the end."""
    locked: list[tuple[Path, int]] = []

    def unlock(path: Path, mode: int, needed: int) -> None:
        if mode & needed != needed:
            path.chmod(mode | needed)
            locked.append((path, mode))

    try:
        yield unlock
    finally:
        for path, mode in reversed(locked):
            path.chmod(mode)


def _regular_files(folders: Sequence[str], unlock: Unlock) -> Iterator[tuple[Path, int]]:
    """Walk without recursion, however deep it goes; yield path and size."""
    waiting = [Path(folder) for folder in folders]
    while waiting:
        for path in list(waiting.pop().iterdir()):
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISDIR(status.st_mode):
                unlock(path, mode, stat.S_IRUSR | stat.S_IXUSR)
                waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                unlock(path, mode, stat.S_IRUSR)
                yield path, status.st_size
