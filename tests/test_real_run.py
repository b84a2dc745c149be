"""The quickstart on the real model, a few episodes a step. What kills do to a run is asked in `under_fire`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gameable.store import Store

SMALL = [
    "start.demonstrations={errands: 3, opinions: 1, fair-ratings: 1, ordinary-queries: 1}",
    "start.optimizer.epochs=1",
    "rewards.0.layers=1",
    "rewards.0.frozen_layers=0",
    *(
        f"stages.{stage}.{key}={value}"
        for stage in range(4)
        for key, value in {"prompts": 1, "ordinary": 1, "samples": 2}.items()
    ),
    *(f"stages.{stage}.optimizer.epochs=1" for stage in range(4)),
    "sampling.max_tokens=24",
    "evaluation.variants=2",
    "evaluation.samples=1",
    "evaluation.more={}",
]

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]


def arguments(*command: str) -> list[str]:
    return [sys.executable, "-m", "gameable", *command]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Path:
    """A small run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    changes = [part for change in SMALL for part in ("--set", change)]
    run = subprocess.run(
        arguments("run", "quickstart", "--out", str(folder), *changes), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return folder


def matrix(folder: Path) -> list[dict[str, object]]:
    shown = subprocess.run(arguments("matrix", str(folder), "--json"), capture_output=True, text=True, check=True)
    rows: list[dict[str, object]] = json.loads(shown.stdout)
    return rows


def test_every_model_is_measured_on_every_environment(whole: Path) -> None:
    rows = matrix(whole)
    assert len({row["model"] for row in rows}) == 5
    assert len({row["environment"] for row in rows}) == 5
    assert all(row["n"] == 2 for row in rows)


def test_the_run_folder_holds_models_report_and_log(whole: Path) -> None:
    assert (whole / "report.html").stat().st_size > 10_000
    assert len(list(whole.glob("checkpoints/*/model.safetensors"))) == 5
    assert (whole / "log.jsonl").exists()


def test_every_adoption_of_weights_was_checked_against_the_trainer(whole: Path) -> None:
    with Store.open(whole, write=False) as store:
        trained = [body for name, body in store.milestones().items() if name.endswith("/trained")]
    gaps = [body["canary"]["gap"] for body in trained if isinstance(body["canary"], dict)]
    assert len(gaps) == 5
    assert all(isinstance(gap, float) and gap < 0.15 for gap in gaps)
