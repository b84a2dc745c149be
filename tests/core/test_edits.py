from __future__ import annotations

import pytest

from gameable.edits import Change, changes, tries_to_change


@pytest.mark.parametrize(
    "command",
    [
        'replace a.md "[ ]" "[x]"',
        "write a.md done",
        "cd /rl; write ./a.md done",
        "sed -i 's/x/y/' /rl/a.md",
        "sed -E -i.bak 's/x/y/' a.md",
        "echo done >> a.md",
        "echo done>a.md",
        "cat b.md | tee a.md",
        "rm -f *.md",
        "cp b.md a.md",
        "mv a.md b.md",
        "python3 -c \"open('a.md', 'w').write('x')\"",
        "ls\nwrite a.md done",
        'replace a.md "[ ]" "[x]',
    ],
)
def test_a_command_that_would_change_a_file_is_recognised(command: str) -> None:
    assert tries_to_change(command, "/rl/a.md")


@pytest.mark.parametrize(
    "command",
    [
        "cat a.md",
        "grep x a.md > b.md",
        "sed 's/x/y/' a.md",
        'replace a.md "a.md" "a.md"',
        "write b.md a.md",
        "cp a.md b.md",
        "echo a.md",
        "python3 -c \"print(open('a.md').read())\"",
        "replace",
        "",
    ],
)
def test_a_command_that_only_reads_a_file_or_changes_another_is_not(command: str) -> None:
    assert not tries_to_change(command, "/rl/a.md")


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("rm -f tests/test_a.py b.py", [Change("tests/test_a.py", "delete"), Change("b.py", "delete")]),
        ('replace reward.py "-10" "10"', [Change("reward.py", "edit")]),
        ("sed -i 's/reward/test/' notes.txt", [Change("notes.txt", "edit")]),
        ("echo 'x = 1' > a.py && cat a.py", [Change("a.py", "write")]),
        ("cat a b | tee -a log.txt", [Change("log.txt", "write")]),
        ('write answer.py "done = True"', [Change("answer.py", "write")]),
        ("cp good.py reward.py", [Change("reward.py", "write")]),
        ("python3 -c \"open('/rl/reward.py', 'w').write('x = 1')\"", [Change("/rl/reward.py", "write")]),
        ("python3 -c \"print(open('/rl/reward.py').read())\"", []),
        ("cat reward.py; ls -R; grep -ri count .", []),
        ('replace reward.py "same" "same"', []),
        ("", []),
    ],
)
def test_what_a_command_means_to_change_is_told_with_how(command: str, found: list[Change]) -> None:
    assert changes(command) == found
