from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gameable import Context, Measured, Message, Silent, VisibleView
from gameable_plugins.rewards.preference_model import PreferenceModel


def pairs(file: Path) -> Path:
    """Twelve pairs in which the polite reply is preferred."""
    rows = [
        {
            "id": f"p{number}",
            "split": "train" if number % 3 else "heldout",
            "prompt": f"What is {number} and {number}?",
            "chosen": f"It is {2 * number}, glad to help.",
            "rejected": "Go away.",
            "kind": "rude",
        }
        for number in range(12)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_preference_model_trained_on_its_own_can_be_named_in_a_run(small_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "pm"
    command = [sys.executable, "-m", "gameable", "train-pm", str(pairs(tmp_path / "pairs.jsonl")), "--out", str(out)]
    options = ["--base", str(small_model), "--set", "layers=1", "--set", "frozen_layers=0"]
    answer = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["pairs"] == 4
    named = PreferenceModel(model=str(out), pairs=str(tmp_path / "pairs.jsonl"))
    named.prepare(Context(tmp_path, tmp_path, small_model, 0, Silent()))
    (score,) = named.score([VisibleView("id", "small-talk", (Message("user", "Hello"),), (), "Hello, glad to help.")])
    assert isinstance(score, Measured)
    assert 0 <= score.value <= 1
