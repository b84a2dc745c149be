from __future__ import annotations

import json
from pathlib import Path

import pytest
from installing import Shell, install

from gameable import PluginError
from gameable.new_command import kinds, write

SOME_OF_THE_CONTRACT = "not (sandbox_contract) or replace or snapshot"
"""Each check of the sandbox contract is a test of the new sandbox; they all hold, and take half a minute."""


def test_the_kinds_are_those_that_the_help_names() -> None:
    assert kinds() == ["environment", "monitor", "optimizer", "policy", "reward", "sandbox"]


@pytest.mark.timeout(240)
def test_a_new_distribution_of_every_kind_installs_is_listed_and_passes_its_own_tests(tmp_path: Path) -> None:
    folders = [write(kind, f"brand-new-{kind}", tmp_path) for kind in kinds()]
    install(tmp_path / "site", *folders)
    shell = Shell(tmp_path, tmp_path / "site")
    rows = {(row["kind"], row["name"]): row for row in json.loads(shell.gameable("plugins", "--json").stdout)}
    for kind in kinds():
        row = rows[kind, f"brand-new-{kind}"]
        assert (row["distribution"], row["version"], row["status"]) == (f"brand-new-{kind}", "0.1.0", "ok")
    strict = ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--import-mode=importlib"]
    answer = shell.python(*strict, "-k", SOME_OF_THE_CONTRACT, *map(str, folders))
    assert answer.returncode == 0, answer.stdout
    assert "skipped" not in answer.stdout


def test_nothing_of_the_template_s_name_is_left(tmp_path: Path) -> None:
    for kind in kinds():
        folder = write(kind, f"my-{kind}", tmp_path)
        for file in folder.rglob("*"):
            text = file.name + (file.read_text() if file.is_file() else "")
            assert not {"new-plugin", "new_plugin", "NewPlugin"} & set(text.replace(".", " ").split())
            assert "ewPlugin" not in text


def test_the_command_line_writes_it_and_says_what_to_type_next(tmp_path: Path) -> None:
    answer = Shell(tmp_path).gameable("new", "reward", "kind-words", "--into", "mine")
    assert answer.stdout == (
        "Written: mine/kind-words. Next: cd mine/kind-words && pip install -e '.[test]' && pytest\n"
    )
    assert sorted(each.name for each in (tmp_path / "mine" / "kind-words").iterdir()) == [
        "README.md",
        "kind_words.py",
        "pyproject.toml",
        "tests",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("judge", "mine", "there is no template for 'judge'. Kinds: environment, monitor, optimizer, "),
        ("reward", "My_Reward", "'My_Reward' will not do as a name: lower case, words joined by hyphens"),
        ("reward", "json", "'json' is a word of Python's own"),
        ("reward", "gameable", r"'gameable' is the name of an installed plugin \(gameable "),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path: Path, kind: str, name: str, told: str) -> None:
    with pytest.raises(PluginError, match=told):
        write(kind, name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(PluginError, match="is there already; choose another name"):
        write("reward", "mine", tmp_path)
    assert not list((tmp_path / "mine").iterdir())
