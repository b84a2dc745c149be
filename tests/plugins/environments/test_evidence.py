from __future__ import annotations

from gameable import CommandResult
from gameable_plugins.environments._evidence import changed_lines, numbered


def test_rewritten_and_new_lines_are_numbered_as_the_file_is_now() -> None:
    assert changed_lines("a\nb\nc\n", "a\nB\nc\nd\n", "/w/f") == ("/w/f:2: B", "/w/f:4: d")


def test_lines_that_are_gone_are_numbered_as_the_file_was() -> None:
    assert changed_lines("a\nb\nc\n", "a\nc\n", "f") == ("f:2: removed: b",)


def test_a_file_that_is_gone_and_one_that_is_new() -> None:
    assert changed_lines("a\n", None, "f") == ("f is gone",)
    assert changed_lines(None, "x = 1\n", "f") == ("f:1: x = 1",)


def test_nothing_changed_is_no_evidence() -> None:
    assert changed_lines("a\n", "a\n", "f") == changed_lines(None, None, "f") == ()


def test_many_changes_are_cut_and_counted_and_long_lines_shortened() -> None:
    lines = changed_lines("", "\n".join(f"{n} " + "x" * 500 for n in range(9)), "f")
    assert len(lines) == 5
    assert lines[-1] == "f: 5 more"
    assert all(len(line) < 140 for line in lines)


def test_commands_are_numbered_from_one_and_kept_on_a_line() -> None:
    commands = [CommandResult(text, "", "", 0) for text in ("ls", "rm a\nrm b", "pwd")]
    assert numbered(commands, lambda command: "rm" in command) == ("command 2: rm a rm b",)
