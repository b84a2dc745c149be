"""The command line in processes of its own, with the toys installed as a distribution."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from toys import PROFILE

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TESTS = Path(__file__).parent.parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of a process that has the toys installed as a distribution of their own."""
    info = tmp_path / "site" / "toys-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gameable]\ntoys = toys:plugin\n")
    path = os.pathsep.join([str(info.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "GAMEABLE_CACHE": str(tmp_path / "cache"), "COLUMNS": "120"}


@pytest.fixture
def gameable(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run the command line in a process of its own, in an empty folder with `toy.yaml`."""
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(dict(PROFILE)))

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gameable", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)

    return call
