"""Runs in processes of their own, and how to meet them at a certain point."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from under_fire.target import kept


def wait_for(folder: Path, process: subprocess.Popen[Any], episodes: int = 1) -> None:
    """Wait until the run in `folder` has stored so many episodes, or has ended."""
    while process.poll() is None and len(kept(folder)) < episodes:
        time.sleep(0.01)  # nothing tells when the other process has stored one; the state decides, not the time
