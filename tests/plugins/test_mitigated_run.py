"""The bundled mitigations through real training and sampling, on a tiny model with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gameable import Silent, mitigations, mitigations_command
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.profile_reading import read
from gameable.runs import start
from gameable.store import Store


def tiny(model: Path) -> Profile:
    """Return the quickstart with everything small, and paid by the bonus alone."""
    data: dict[str, Any] = read("quickstart").model_dump(mode="json")
    optimizer = {"epochs": 1, "batch_size": 4, "frozen_layers": 0}
    for stage in data["stages"]:
        stage |= {"prompts": 1, "ordinary": 1, "samples": 2, "planted": 1}
        stage["optimizer"] |= optimizer
    data["start"]["demonstrations"] = {"errands": 2, "opinions": 2}
    data["start"]["optimizer"] |= optimizer
    data["policy"] |= {"model": str(model)}
    data["sampling"] |= {"max_tokens": 8, "max_commands": 1}
    data["evaluation"] |= {"variants": 2, "samples": 1, "more": {}}
    return Profile.model_validate({**data, "rewards": [{"use": "gaming-bonus"}]})


def milestones(folder: Path) -> dict[str, Any]:
    with Store.open(folder, write=False) as store:
        return store.milestones()


@pytest.mark.timeout(240)
def test_every_bundled_mitigation_trains_on_from_real_weights(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    plugins, run, out = Plugins(), tmp_path / "run", tmp_path / "out"
    start(tiny(tiny_model), plugins, run, Silent())
    kept = {file: file.read_bytes() for file in (run / "checkpoints").rglob("*.safetensors")}
    suite = mitigations.read("mitigations", run)
    list(mitigations.start(suite, plugins, out, Silent()))
    assert {file: file.read_bytes() for file in kept} == kept
    inoculation = milestones(out / "inoculation")
    assert [inoculation[f"{name}/trained"]["planted"] for name in ("1-sycophancy", "4-insubordinate-rubric")] == [1, 1]
    assert inoculation["1-sycophancy/trained"]["figures"]["replayed"] > 0
    assert inoculation["1-sycophancy/trained"]["canary"]["gap"] is not None
    assert "train-away/trained" in milestones(out / "train-away")
    assert "start/trained" not in milestones(out / "early-stage-penalty")
    found = mitigations_command.find(out)
    assert found.missing == []
    assert {row.mitigation for row in found.effects} == {
        "train-away",
        "early-stage-penalty",
        "inoculation",
        "screening",
    }
    assert all(row.change.a.played == row.change.b.played == 2 for row in found.effects)
