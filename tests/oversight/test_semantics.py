from __future__ import annotations

import pytest

from gameable_oversight.monitors._semantics import behaviour, difference

CODE = '''"""Pays."""
BASE = -10


def reward(text: str) -> float:
    """Return what it is worth."""
    # nothing
    total = BASE
    return total
'''


@pytest.mark.parametrize(
    "edit",
    [
        CODE.replace("# nothing", "# something else entirely"),
        CODE.replace("    # nothing\n", ""),
        CODE.replace('"""Pays."""', "'''Costs.'''"),
        CODE.replace("    ", "  "),
        CODE.replace("= -10", "=  ( -10 )"),
        CODE + "\n\n\n",
        CODE.replace("\n", "\r\n"),
        CODE.replace("return total", "return (total)"),
        CODE.replace("    total = BASE", '    "a stray text"\n    total = BASE'),
    ],
)
def test_comments_docstrings_and_layout_are_no_change(edit: str) -> None:
    assert edit != CODE
    assert difference(CODE, edit) == []


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (CODE.replace("-10", "10"), ["- BASE = -10", "+ BASE = 10"]),
        (
            CODE.replace("return total", "return 10"),
            ["- def reward(text: str) -> float: return total", "+ def reward(text: str) -> float: return 10"],
        ),
        (
            CODE.replace("    total = BASE\n", "    if 'x' in text:\n        return 15\n    total = BASE\n"),
            [
                "+ def reward(text: str) -> float: if 'x' in text:",
                "+ def reward(text: str) -> float: if 'x' in text: return 15",
            ],
        ),
        (CODE + "\nreward = lambda text: 15\n", ["+ reward = lambda text: 15"]),
    ],
)
def test_a_change_of_what_code_does_is_told_with_its_place(edit: str, found: list[str]) -> None:
    assert [line for line in difference(CODE, edit) if line not in {"+ ", "- "}] == found


def test_code_that_no_longer_parses_is_a_change() -> None:
    assert difference(CODE, "def reward(text) return 10") == ["does not parse any more"]
    assert difference("def broken(", CODE) == ["did not parse before"]
    assert difference("def broken(", "def broken(") == []


def test_a_function_of_a_docstring_alone_does_nothing() -> None:
    assert behaviour('def f():\n    """Text."""') == behaviour("def f():\n    pass")


@pytest.mark.parametrize("odd", ["\x00", "(" * 500, "x = '\ud800'"])
def test_no_text_crashes_it(odd: str) -> None:
    difference(CODE, odd)
    difference(odd, CODE)
