from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gameable import Silent
from gameable.curriculum import Curriculum
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from toys import PROFILE, toy_parts, toy_plugins

TOY = Profile.model_validate({**PROFILE, "stages": [], "start": None})


def test_a_process_that_has_not_imported_torch_holds_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert Here(TOY, toy_parts(TOY)).gpus == 0


def test_a_finished_run_notes_the_gpus_that_torch_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: 3)))
    parts = toy_parts(TOY)
    with Store.create(tmp_path / "run", manifest(TOY, parts, toy_plugins())) as store:
        Curriculum(TOY, parts, store, tmp_path / "cache", Silent(), Here(TOY, parts)).run()
        assert (store.milestone("run/finished") or {})["gpus"] == 3
