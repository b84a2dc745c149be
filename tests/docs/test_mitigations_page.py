"""Whatever docs/how-to/mitigations.md shows can be run as it stands there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from gameable import Silent
from gameable.discovery import Origin
from gameable.mitigations import profiles, read
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.runs import start
from toys import PROFILE, toy_plugins

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "mitigations.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    start(Profile.model_validate(PROFILE), toy_plugins(), tmp_path / "run", Silent())
    return tmp_path / "run"


def test_the_profile_without_code_holds_two_strengths_of_kl(tmp_path: Path, run: Path) -> None:
    (tmp_path / "held-close.yaml").write_text(block("yaml"))
    suite = read(str(tmp_path / "held-close.yaml"), run)
    strengths = {
        name: [stage.optimizer.options["kl_coef"] for stage in each.stages]
        for name, each in profiles(suite, toy_plugins()).items()
        if name.endswith("kl")
    }
    assert strengths == {"little-kl": [0.05], "much-kl": [0.5]}
    assert set(suite.mitigations) == {"little-kl", "much-kl", "train-away", "early-stage-penalty", "screening"}


def test_the_mitigation_with_code_repeats_the_first_stage(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_package.py").write_text(block("python"))
    monkeypatch.syspath_prepend(tmp_path)
    plugins = toy_plugins()
    plugins.register(import_module("my_package"), Origin("my-package", "1.0", "my-package"))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"mitigations": {"repetition": {}}}))
    planned = profiles(read(str(tmp_path / "mine.yaml"), run), plugins)
    assert planned["repetition"].stages == Profile.model_validate(PROFILE).stages


def test_every_bundled_mitigation_has_a_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (last|start) model", PAGE, re.MULTILINE)
    plugins = Plugins()
    assert rows
    assert all(plugins.mitigation(name, {}).begin_from == begins for name, begins in rows)
