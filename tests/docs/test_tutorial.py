"""Follows docs/tutorials/environment.md to the letter: saves its files, types its commands, compares what they print.

Two things differ: what is installed goes into a folder of its own, where gameable itself is already; and the model,
though the real one, trains on fewer episodes.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import ROOT, Block, blocks
from installing import Shell, install

from gameable.runs import cache_folder

TUTORIAL = blocks(ROOT / "docs" / "tutorials" / "environment.md")
SMALLER = [
    "start.demonstrations={errands: 6, ordinary-queries: 2}",
    "start.optimizer.epochs=1",
    "stages.0.prompts=1",
    "stages.0.ordinary=1",
    "stages.0.samples=2",
    "stages.0.planted=1",
    "stages.0.optimizer.epochs=1",
    "sampling.max_tokens=24",
    "evaluation.variants=2",
    "evaluation.samples=1",
]
TRAINING = "gameable run train.yaml --plugin ./step_count.py --out runs/trained"


def test_everything_in_it_is_a_file_or_a_session() -> None:
    for block in TUTORIAL:
        assert block.language == "console" if not block.title else block.language in {"python", "yaml"}, str(block)
    assert [block.title for block in TUTORIAL if block.title] == [
        "step_count.py",
        "step_count.py",
        "measure.yaml",
        "train.yaml",
    ]


def typed(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a session with the lines that it should print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def compare(told: str, shown: list[str]) -> None:
    """See that the lines come in this order; `...` stands for anything, also at the beginning or end of a line."""
    pattern = ".*".join(".*".join(map(re.escape, line.split("..."))) for line in shown)
    assert re.search(pattern, told, re.DOTALL), f"{pattern}\n\n{told}"


@pytest.mark.parametrize("shown", [["one", "four"], ["two", "one"], ["o...z"]])
def test_other_output_than_shown_is_noticed(shown: list[str]) -> None:
    compare("one\ntwo\nthree\n", ["o...", "...", "three"])
    with pytest.raises(AssertionError):
        compare("one\ntwo\nthree\n", shown)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell that has the command `gameable` of this very code."""
    (tmp_path / "bin").mkdir()
    for name in ("gameable", "pytest"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {name} "$@"\n')
        program.chmod(0o755)
    (tmp_path / "work").mkdir()
    return Shell(tmp_path / "work", site=tmp_path / "site", cache=cache_folder())


@pytest.mark.model
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("small_model")
def test_following_the_tutorial_to_the_letter_works(shell: Shell, tmp_path: Path) -> None:
    for block in TUTORIAL:
        if block.title:
            with (shell.folder / block.title).open("a", encoding="utf-8") as file:
                file.write(("\n\n" if file.tell() else "") + block.text)
            continue
        for command, shown in typed(block):
            if command.startswith("pip install"):
                if "./" in command:
                    install(tmp_path / "site", shell.folder / command.removeprefix("pip install ./"))
                continue
            changes = [part for change in SMALLER for part in ("--set", change)] if command == TRAINING else []
            told = shell.typed(" ".join([command, *map(shlex.quote, changes)]))
            compare(told, shown)
    assert (shell.folder / "runs" / "trained" / "report.html").is_file()
