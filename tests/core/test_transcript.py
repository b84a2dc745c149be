from __future__ import annotations

import pytest

from gameable import CommandResult
from gameable.transcript import last_command, observation


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("look</cot><bash>ls</bash>", "ls"),
        ("<bash> cat a b\n</bash>", "cat a b"),
        ("<bash>one</bash> and <bash>two</bash>", "two"),
        ("<bash><bash>inner</bash>", "inner"),
        ("no command", None),
        ("closes nothing</bash>", None),
        ("<bash>one</bash> closes nothing</bash>", None),
        ("<bash>ls</bash> and more", None),
    ],
)
def test_the_last_command_of_a_stretch(text: str, command: str | None) -> None:
    assert last_command(text) == command


def test_output_is_shown_without_its_last_line_break() -> None:
    assert observation(CommandResult("ls", "a\nb\n", "", 0)) == "\n<stdout>a\nb</stdout>\n"


def test_a_silent_command_shows_an_empty_output() -> None:
    assert observation(CommandResult("true", "", "", 0)) == "\n<stdout></stdout>\n"


def test_errors_follow_the_output() -> None:
    shown = observation(CommandResult("cat x", "", "cat: x: No such file\n", 1))
    assert shown == "\n<stdout></stdout>\n<stderr>cat: x: No such file</stderr>\n"
