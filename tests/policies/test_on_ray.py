"""The tiny model on a Ray cluster: what a backend that repeats itself only in the same batch needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(240)
def test_two_replicas_write_what_one_process_writes_before_and_after_training(tiny: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "two_replicas", str(tiny), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
