"""Small disks and sealed folders, real even for root; tests are skipped where none can be made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)  # noqa: S607  the system's own
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """Make a new folder with a disk of its own, so large (`1m`)."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size}", "gameable", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def grow(folder: Path, size: str) -> None:
    """Give that disk another size."""
    _mount("-o", f"remount,size={size}", str(folder))


@contextmanager
def sealed(folder: Path) -> Iterator[None]:
    """Let nobody write below a folder."""
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607
