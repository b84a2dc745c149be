from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TABLE = (ROOT / "docs" / "INVARIANTS.md").read_text()
PROMISES = dict(re.findall(r"^\| (\d+) \|.*\| (.+?) \|$", TABLE, re.MULTILINE))
GUARDS = re.findall(r"`(tests/[^`]+)`", TABLE)


def test_all_thirteen_are_listed() -> None:
    assert [int(number) for number in PROMISES] == list(range(1, 14))
    assert all("::" in guards for guards in PROMISES.values())


@pytest.mark.parametrize("place", GUARDS)
def test_the_test_that_guards_a_promise_exists(place: str) -> None:
    file, _, name = place.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
