"""What a run folder holds beside its database: an immutable manifest and a lock; clear errors for what can go wrong."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gameable.errors import GameableError, StoreError

CHECKPOINTS = "checkpoints"
"""Folder of a run in which every model that it trained has one of its own."""

SEEDS = "seeds.json"
"""What a folder holds in place of a manifest when its subfolders are the runs of one profile from several seeds."""

MITIGATIONS = "mitigations.json"
"""The same when they are the runs that try mitigations on a finished one."""

_BEFORE_MANIFEST = {"lock", "manifest.json.tmp", f".{SEEDS}.tmp", f".{MITIGATIONS}.tmp"}
_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


def claim(folder: Path) -> None:
    """Make sure that the folder exists and nothing is in it but what a run leaves that died before it was one."""
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if {each.name for each in folder.iterdir()} - _BEFORE_MANIFEST:
            raise StoreError(f"{folder} is not empty; name a new folder, or type `gameable resume {folder}`.")


def take_lock(folder: Path) -> int:
    """Return a file descriptor that keeps other writers out until it is closed or this process ends."""
    with translated(folder):
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode() or "unknown"
            os.close(descriptor)
            raise StoreError(f"{folder} is in use by process {holder}; wait for it to end, or stop it.") from None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def in_use(folder: Path) -> bool:
    """Whether some process holds the run open for writing."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what the run was to do."""
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if (folder / MITIGATIONS).is_file():
            runs = ", ".join(str(each.parent) for each in sorted(folder.glob("*/manifest.json"))) or "none has begun"
            raise StoreError(
                f"{folder} holds one run a mitigation; type `gameable mitigations {folder}`, or name one: {runs}."
            ) from None
        if (folder / SEEDS).is_file():
            runs = ", ".join(map(str, seeds_begun(folder))) or "none has begun"
            raise StoreError(f"{folder} holds one run a seed; name one of them: {runs}.") from None
        raise StoreError(
            f"No run in {folder}: {path} is missing. Name the folder that `gameable run` printed; "
            "a run that died before its manifest was written has spent nothing: start it again, in the same folder."
        ) from None
    except ValueError as error:
        raise StoreError(f"{path} is damaged ({error}); restore it from a copy of the run.") from error
    except OSError as error:
        raise StoreError(_advice(folder, error.errno or 0, str(error))) from error
    return manifest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest so that it is there whole or not at all, whenever the power goes."""
    draft = folder / "manifest.json.tmp"
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False, default=dict)
    with translated(folder):
        with draft.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / "manifest.json")
        sync(folder)


def sync(path: Path) -> None:
    """See that a file or a folder's list of names is on disk, whenever the power goes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(made: Path, folder: Path) -> None:
    """Give a finished folder its name, which nothing may bear yet, once all of it is on disk."""
    for path in (*made.rglob("*"), made):
        sync(path)
    made.rename(folder)
    sync(folder.parent)


def seeds_begun(folder: Path) -> list[Path]:
    """Return the runs in a folder of several seeds that have begun, in the order of their seeds."""
    found = (file.parent for file in folder.glob("seed-*/manifest.json"))
    return sorted(found, key=lambda run: int(run.name.removeprefix("seed-")))


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a draft to write to; it takes the place of `target` when the block ends well, and goes otherwise."""
    draft = target.with_name(f".{target.name}.tmp")
    with translated(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn errors of the file system and of SQLite into a `StoreError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(_advice(folder, error.errno or 0, str(error))) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the code is detail
        raise StoreError(_advice(folder, _ERRNO.get(code, 0), str(error))) from error


@contextmanager
def lasting(folder: Path) -> Iterator[None]:
    """Say that the folder is gone or its disk full, in whatever words a library fails in the block because of that."""
    try:
        yield
    except Exception as error:
        if not folder.exists():
            raise StoreError(_GONE.format(folder=folder)) from error
        if not isinstance(error, GameableError) and _lacks_room(folder, error):
            raise StoreError(_advice(folder, errno.ENOSPC, str(error))) from error
        raise


def _lacks_room(folder: Path, error: Exception) -> bool:
    named = isinstance(error, OSError) and error.errno in _FULL_DISK
    return named or os.strerror(errno.ENOSPC) in str(error) or free_space(folder) < _NOTHING


_NOTHING = 1 << 20
"""Free bytes below which nothing of any size can have been written."""

_GONE = (
    "The run folder {folder} is gone. If it was moved, type `gameable resume` with its new place; everything finished "
    "before is kept."
)

_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_CORRUPT: errno.EIO,
    sqlite3.SQLITE_NOTADB: errno.EIO,
}


def _advice(folder: Path, code: int, problem: str) -> str:
    if code in _FULL_DISK:
        return (
            f"Could not write to {folder}: {problem}. The disk is probably full: free some space, then type "
            f"`gameable resume {folder}`; everything finished before is kept."
        )
    if code in _NO_ACCESS:
        return (
            f"No permission to write in {folder}: {problem}. Choose a folder that you own with `--out`; a run that has "
            f"begun goes on in a copy: `cp -r {folder} COPY`, then `gameable resume COPY`."
        )
    if code == errno.EIO:
        return f"The run in {folder} is damaged: {problem}. Restore run.db, run.db-wal and run.db-shm from one copy."
    return f"The run folder {folder} cannot be used: {problem}."


def free_space(folder: Path) -> int:
    """Return the free bytes where `folder` is, or would be made."""
    existing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(existing).free
