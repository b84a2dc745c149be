"""Files that speak of the same things must say the same: the Makefile, pre-commit, citation, changelog."""

from __future__ import annotations

import re
import tomllib

import yaml
from documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()


def test_pre_commit_checks_what_make_test_checks_before_the_tests() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    (targets,) = re.findall(r"^test: (.*)$", MAKEFILE, re.MULTILINE)
    commands = dict(re.findall(r"^([a-z-]+): install\n\t(.*)$", MAKEFILE, re.MULTILINE))
    expected = {name: commands[name].replace("$(BIN)", ".venv/bin") for name in targets.split() if name != "pytest"}
    assert {hook["id"]: hook["entry"] for hook in hooks} == expected


def test_the_citation_has_the_version_and_licence_of_the_project() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["project"]["version"]
    assert citation["license"] == PROJECT["project"]["license"]


def test_every_change_is_of_a_kind_that_the_changelog_has() -> None:
    kinds = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}
    changes = [file for file in (ROOT / "changes").iterdir() if file.name != "README.md"]
    assert all(file.name.split(".")[-2] in kinds and file.suffix == ".md" for file in changes)
    assert PROJECT["tool"]["towncrier"]["filename"] == "CHANGELOG.md"
    assert "<!-- towncrier release notes start -->" in (ROOT / "CHANGELOG.md").read_text()
