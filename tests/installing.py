"""Installs distributions for real, into a folder of their own, and runs the command line with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parent / "sample_plugins"


def install(site: Path, *distributions: Path) -> None:
    """Build each distribution and install it into `site`, from copies, without network or any other package."""
    copies = site.with_name(f"{site.name}-sources")
    for each in distributions:
        shutil.copytree(each, copies / each.name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    command = [*pip, *alone, *(str(copies / each.name) for each in distributions)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Shell:
    """Runs commands in a folder, with what is installed in `site` as well."""

    folder: Path
    site: Path | None = None
    cache: Path | None = None
    """Where models are kept; a fresh place if left out."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What processes see."""
        path = os.pathsep.join(filter(None, [str(self.site or ""), os.environ.get("PYTHONPATH", "")]))
        cache = str(self.cache or self.folder / "cache")
        return {**os.environ, "PYTHONPATH": path, "GAMEABLE_CACHE": cache, "COLUMNS": "120", "NO_COLOR": "1"}

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run this interpreter."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.folder, env=dict(self.variables)
        )

    def gameable(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return self.python("-m", "gameable", *arguments)

    def typed(self, command: str) -> str:
        """Type one line into a POSIX shell that finds `gameable`, and return all that it prints."""
        program = self.folder.parent / "bin"
        variables = {**self.variables, "PATH": f"{program}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            check=False,
            text=True,
            cwd=self.folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout
