from __future__ import annotations

from pathlib import Path

import pytest

from gameable import Silent
from gameable.profile import Profile
from gameable.runs import start
from gameable.store import Store
from gameable_plugins.sandboxes.docker import Docker
from toys import PROFILE, toy_plugins

pytestmark = pytest.mark.docker


def run(folder: Path, sandbox: str) -> Store:
    start(Profile.model_validate({**PROFILE, "sandbox": sandbox}), toy_plugins(), folder, Silent())
    return Store.open(folder, write=False)


def test_a_whole_run_in_containers_ends_like_one_in_the_embedded_sandbox(
    containers: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    with run(tmp_path / "docker", "docker") as contained, run(tmp_path / "bashkit", "bashkit") as embedded:
        assert list(contained.episodes()) == list(embedded.episodes())
        assert contained.manifest["versions"]["image"].startswith("sha256:")
