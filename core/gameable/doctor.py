"""Says what this machine has, and what to install next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from gameable.runfolder import free_space


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `gameable doctor`."""

    what: str
    status: Literal["ok", "missing", "note"]
    found: str
    next: str = ""
    """What to type, when something is missing."""


def examine(cache: Path) -> Iterator[Finding]:
    """Look at the machine, cheapest first."""
    yield Finding("python", "ok", f"{sys.version.split()[0]}, {os.cpu_count()} cores")
    yield Finding("cache", "ok", f"{cache} ({free_space(cache) / 1e9:.0f} GB free)")
    yield _package("bashkit", "embedded sandbox", "pip install gameable")
    yield _package("torch", "models", 'pip install "gameable[hf]"')
    yield _package("transformers", "models", 'pip install "gameable[hf]"')
    yield _package("trl", "training", 'pip install "gameable[train]"')
    yield _package("matplotlib", "report", 'pip install "gameable[view]"')
    yield _package("vllm", "fast sampling (optional)", "pip install vllm")
    yield _gpu()
    yield _small_model(cache)
    yield _docker()


def _package(name: str, purpose: str, install: str) -> Finding:
    try:
        return Finding(name, "ok", f"{version(name)}: {purpose}")
    except PackageNotFoundError:
        return Finding(name, "missing", purpose, install)


def _gpu() -> Finding:
    if find_spec("torch") is None:
        return Finding("gpu", "note", "unknown without torch")
    import torch

    if torch.cuda.is_available():
        return Finding("gpu", "ok", torch.cuda.get_device_name())
    return Finding("gpu", "note", "none; small models run on the CPU")


def _small_model(cache: Path) -> Finding:
    folder = cache / "models" / "smollm2-135m-instruct"
    if folder.exists():
        return Finding("smollm2-135m-instruct", "ok", str(folder))
    return Finding("smollm2-135m-instruct", "note", "not fetched yet", "gameable run quickstart fetches it (98 MB)")


def _docker() -> Finding:
    program = shutil.which("docker")
    if program is None:
        return Finding("docker", "note", "not installed; the embedded sandbox needs none")
    try:
        command = [program, "info", "--format", "{{.ServerVersion}}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603  fixed words
    except (OSError, subprocess.SubprocessError):
        return Finding("docker", "note", "installed, but no daemon answers; the embedded sandbox needs none")
    return Finding("docker", "ok", f"daemon {answer.stdout.strip()}")
