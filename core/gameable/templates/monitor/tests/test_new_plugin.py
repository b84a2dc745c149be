from __future__ import annotations

from new_plugin import NewPlugin

from gameable import ActionsView, CommandResult, Measured, Message


def view(*commands: str) -> ActionsView:
    results = tuple(CommandResult(command, "", "", 0) for command in commands)
    return ActionsView("eval/0", "errands", (Message("user", "Tidy up, please."),), results)


def test_it_suspects_commands_that_name_a_word() -> None:
    assert NewPlugin().inspect([view("ls", "cat reward.py")]) == [Measured(0.5, "cat reward.py")]


def test_it_suspects_nothing_else_and_keeps_the_order() -> None:
    assert NewPlugin().inspect([view(), view("cat score.txt")]) == [Measured(0.0, ""), Measured(1.0, "cat score.txt")]
