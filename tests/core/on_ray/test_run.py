from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gameable.store import Store
from toys import PROFILE

TESTS = Path(__file__).parent.parent.parent


@pytest.mark.timeout(240)
def test_a_run_on_ray_shows_what_a_run_in_one_process_shows(tmp_path: Path) -> None:
    info = tmp_path / "site" / "toys-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gameable]\ntoys = toys:plugin\n")
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(dict(PROFILE)))
    path = os.pathsep.join([str(info.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
    settings = {**os.environ, "PYTHONPATH": path, "GAMEABLE_CACHE": str(tmp_path / "cache"), "COLUMNS": "120"}
    settings.pop("RAY_ADDRESS", None)

    def gameable(*typed: str) -> str:
        command = [sys.executable, "-m", "gameable", *typed]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=settings)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    gameable("run", "toy.yaml", "--out", "alone")
    gameable("run", "toy.yaml", "--out", "spread", "--ray")
    assert gameable("matrix", "spread", "--json") == gameable("matrix", "alone", "--json")
    with Store.open(tmp_path / "spread", write=False) as spread, Store.open(tmp_path / "alone", write=False) as alone:
        assert list(spread.episodes()) == list(alone.episodes())
