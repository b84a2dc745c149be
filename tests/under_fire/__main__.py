"""Kills a real run with SIGKILL at random moments, resumes it each time, and holds its end against an undisturbed run.

    PYTHONPATH=tests python -m under_fire [--kills 50] [--seed 0] [--folder FOLDER] [--json]

Exit status 1 when an episode was lost or doubled, or an end differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from under_fire.campaign import fire
from under_fire.target import LONG


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


parser = argparse.ArgumentParser(prog="under_fire", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--kills", type=int, default=50, help="how many (default: 50)")
parser.add_argument("--seed", type=int, default=0, help="that the moments are drawn by (default: 0)")
parser.add_argument("--folder", type=Path, help="new or empty; where all runs stay (default: one that goes at the end)")
parser.add_argument("--json", action="store_true", help="print everything as JSON")
chosen = parser.parse_args()
with tempfile.TemporaryDirectory() as scratch:
    folder = chosen.folder or Path(scratch)
    folder.mkdir(parents=True, exist_ok=True)
    result = fire(folder.resolve(), LONG, chosen.kills, chosen.seed, _tell)
for problem in (*result.lost, *result.doubled, *result.different):
    _tell(problem)
if chosen.json:
    sys.stdout.write(json.dumps({"good": result.good, **asdict(result)}, indent=2) + "\n")
sys.exit(not result.good)
