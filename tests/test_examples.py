"""Each example is a distribution of its own: it is installed for real and passes its own tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import ROOT
from installing import Shell, install

EXAMPLES = sorted(file.parent for file in (ROOT / "examples").glob("*/pyproject.toml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_it_installs_is_listed_passes_its_tests_and_its_profile_can_be_run(example: Path, tmp_path: Path) -> None:
    install(tmp_path / "site", example)
    shell = Shell(tmp_path, tmp_path / "site")
    name = example.name.replace("_", "-")
    listed = json.loads(shell.gameable("plugins", "--json").stdout)
    assert {row["kind"] for row in listed if row["distribution"] == name} == {"environment", "profile"}
    passed = shell.python("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(example))
    assert passed.returncode == 0, passed.stdout
    assert shell.gameable("run", name, "--dry-run").returncode == 0
