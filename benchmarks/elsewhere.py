"""Runs other libraries in virtual environments of their own: what they need must not meet what we need.

They are kept under `$BENCHMARK_VENVS`, or a temporary folder, so that the next run finds them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure import MissingError, say

_PROGRAMS = Path(__file__).parent / "comparators"
_LONGEST = 300


def run(requirement: str, program: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """Run a program of `comparators/` with a task on its standard input; return what it prints as its last line.

    Raises:
        MissingError: the library could not be installed, or the program failed.
    """
    command = [str(_interpreter(requirement)), "-I", str(_PROGRAMS / program)]
    done = subprocess.run(  # noqa: S603  our own program
        command, input=json.dumps(task), capture_output=True, text=True, timeout=_LONGEST, check=False
    )
    if done.returncode:
        raise MissingError(f"{program} failed: {_last_line(done.stderr)}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _interpreter(requirement: str) -> Path:
    """Return the Python of an environment that holds the requirement, made if need be."""
    root = Path(os.environ.get("BENCHMARK_VENVS") or Path(tempfile.gettempdir()) / "gameable-benchmark-venvs")
    folder = root / "".join(letter if letter.isalnum() else "-" for letter in requirement)
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        say(f"installing {requirement} into {folder}")
        venv.create(folder, with_pip=True, clear=True)
        _install(python, requirement)
        ready.touch()
    return python


def _install(python: Path, requirement: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    if done.returncode:
        raise MissingError(
            f"{requirement} does not install on Python {sys.version_info[0]}.{sys.version_info[1]}: "
            f"{_last_line(done.stderr)}"
        )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
