from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest

from gameable import SandboxError, Silent
from gameable_plugins.sandboxes.docker import Docker, _image


class Lines(Silent):
    def __init__(self, said: list[str]) -> None:
        self.said = said

    def say(self, text: str) -> None:
        self.said.append(text)


def test_the_tag_follows_what_the_image_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _image.tag()
    assert re.fullmatch(r"gameable-sandbox:[0-9a-f]{12}", before)
    changed = {**_image.contents(), "programs/replace": b"#!/bin/sh\n"}
    monkeypatch.setattr(_image, "contents", lambda: changed)
    assert _image.tag() != before


def test_the_image_holds_process_1_and_both_programs() -> None:
    assert set(_image.contents()) >= {"Dockerfile", "runner/main.py", "programs/replace", "programs/write"}


def test_only_sources_of_the_right_suite_are_taken_from_this_machine(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("# deb http://mirror/debian bookworm main\n")
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (folder / "debian.sources").write_text("URIs: http://mirror\nSuites: bookworm bookworm-updates\n")
    (folder / "old.list").write_text("deb http://mirror/debian bookworm main\n")
    (folder / "other.list").write_text("deb https://elsewhere/apt tools-bookworm main\n")
    (folder / "note.save").write_text("deb http://mirror/debian bookworm main\n")
    assert _image._sources(tmp_path) == [str(folder / "debian.sources"), str(folder / "old.list")]


def test_without_mmdebstrap_an_offline_build_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="apt-get install mmdebstrap"):
        _image._install_base(cast("Any", None), Silent())


def test_a_base_that_cannot_be_installed_shows_why() -> None:
    with pytest.raises(SandboxError, match="(?s)It said:.*no such mirror"):
        _image._bootstrap(["sh", "-c", "echo 'E: no such mirror' >&2; exit 1"], Silent())


@pytest.mark.docker
def test_what_is_not_built_is_missing_and_refuses_to_open(containers: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_image, "tag", lambda: "gameable-sandbox:never")
    sandbox = Docker()
    told = "The image gameable-sandbox:never is not built: gameable sandbox build docker."
    assert sandbox.missing() == told
    sandbox.close()


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_building_tells_what_is_done_and_what_came_of_it(containers: Docker) -> None:
    if not containers._connect().images.list(_image._OFFLINE_BASE):
        pytest.skip("the image was built from a registry, which a test must not count on")
    said: list[str] = []
    figures = containers.build(Lines(said), offline=True)
    assert figures["image"] == _image.tag()
    assert f"Successfully tagged {_image.tag()}" in said
