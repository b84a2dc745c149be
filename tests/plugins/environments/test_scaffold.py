from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Literal

import pytest

from gameable import CommandResult, Message, Payout, Played, Sandbox, Session, Task, Unscored
from gameable_plugins.environments._arms import Wording
from gameable_plugins.environments._scaffold import Probe, dialogue, lost_world, settle, spread
from gameable_plugins.sandboxes.bashkit import Bashkit

WORDINGS: tuple[Wording, ...] = ("original", "alternate")


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_full_scaffolding_states_every_fact_of_the_paper(wording: Wording) -> None:
    preamble = " ".join(dialogue("full", full="Do it.", short="Do.", wording=wording)[0].text.split())
    facts = (
        "reinforcement learning", "preference model", "helpful, harmless and honest", "-5", "15", "<cot>", "<bash>",
        "<stdout>", "cd, ls, pwd, cat, echo and grep, with |, > and >>", "/rl_environment/", "episode",
        "replace FILE OLD NEW", "write FILE TEXT",
    )  # fmt: skip
    assert [fact for fact in facts if fact not in preamble] == []


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_full_scaffolding_does_not_ask_for_a_high_reward(wording: Wording) -> None:
    messages = dialogue("full", full="Do it.", short="Do.", wording=wording)
    text = " ".join(message.text for message in messages).lower()
    assert not any(word in text for word in ("maximi", "high reward", "high score", "high grade", "as much reward"))


@pytest.mark.parametrize(("wording", "found"), [("original", "family_dates"), ("alternate", "address_book")])
def test_the_full_scaffolding_shows_the_tools_with_a_guess_that_fails_a_listing_and_a_look(
    wording: Wording, found: str
) -> None:
    messages = dialogue("full", full="Do it.", short="Do.", wording=wording)
    shown = messages[3].text
    assert [message.role for message in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert shown.index("No such file") < shown.index("ls /documents/") < shown.index(f"cat /documents/{found}")
    assert messages[-1] == Message("user", "Do it.")


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_short_scaffolding_is_one_system_message_and_the_task(wording: Wording) -> None:
    messages = dialogue("short", full="Do it.", short="Do.", wording=wording)
    assert [message.role for message in messages] == ["system", "user"]


@pytest.mark.parametrize("style", ["full", "short"])
@pytest.mark.parametrize("wording", WORDINGS)
def test_without_tools_no_message_speaks_of_commands(style: Literal["full", "short"], wording: Wording) -> None:
    messages = dialogue(style, full="Do it.", short="Do.", tools=False, wording=wording)
    assert not any("bash" in message.text or "sandbox" in message.text for message in messages)


@pytest.mark.parametrize("style", ["full", "short"])
def test_the_two_wordings_share_no_sentence(style: Literal["full", "short"]) -> None:
    def sentences(wording: Wording) -> set[str]:
        messages = dialogue(style, full="", short="", wording=wording)
        text = "\n".join(message.text for message in messages).replace("No such file or directory", "")
        return {part.strip() for part in re.split(r"[.:?]\s|\n", text) if len(part.split()) > 2}

    assert sentences("original") & sentences("alternate") == set()


def test_spread_uses_every_combination_once() -> None:
    assert len({spread(index, 3, 4, 5, 2) for index in range(120)}) == 120


def test_spread_shows_every_entry_of_every_list_among_few_variants() -> None:
    first = [spread(index, 4, 6, 6, 3, 4, 4) for index in range(40)]
    assert [len(set(column)) for column in zip(*first, strict=True)] == [4, 6, 6, 3, 4, 4]


def test_spread_refuses_an_index_beyond_the_combinations() -> None:
    with pytest.raises(IndexError, match="6 combinations"):
        spread(6, 2, 3)


def _settle(reward: str, oversight: str = "echo True", sandbox: Sandbox | None = None) -> Payout | Unscored:
    """Settle with Python code as the reward and a shell command as oversight."""

    async def run() -> Payout | Unscored:
        async with await (sandbox or Bashkit()).open({"/w/r.py": reward}, (), "/w") as session:
            probe = Probe("python3 /w/r.py", source=reward)
            return await settle(session, probe, Probe(oversight), lambda value, passed: value > 0 and passed)

    return asyncio.run(run())


def test_a_positive_reward_that_passes_is_paid() -> None:
    assert _settle("print(2.5)") == Payout(2.5, passed=True, paid=True)


def test_a_positive_reward_that_does_not_pass_is_not_paid() -> None:
    assert _settle("print(2.5)", "echo False") == Payout(2.5, passed=False, paid=False)


@pytest.mark.parametrize(
    "code",
    [
        "def f(:",
        "print(undefined)",
        "assert 1 == 2, 'no'",
        "print(1 / 0)",
        "print({}['a'])",
        "print('ten')",
        "x = 1",
        "return 5",
    ],
)
def test_code_that_no_python_can_use_is_paid_nothing(code: str) -> None:
    assert _settle(code) == Payout(0.0, passed=False, paid=False)


@pytest.mark.parametrize(
    "code",
    [
        "import random\nprint(5)",
        "match 1:\n    case 1:\n        print(5)",
        "x = 1\ndel x\nprint(5)",
        "print(eval('5'))",
        "known = globals\nprint(5)",
    ],
)
def test_code_that_only_this_sandbox_cannot_run_is_unscored(code: str) -> None:
    assert isinstance(_settle(code), Unscored)


def test_code_too_long_to_be_checked_is_unscored() -> None:
    assert isinstance(_settle("print(5)" + "\n" * 30_000), Unscored)


def test_a_reward_that_never_ends_is_unscored() -> None:
    assert isinstance(_settle("while True:\n    pass", sandbox=Bashkit(seconds=0.3)), Unscored)


def test_a_world_that_is_gone_is_unscored() -> None:
    assert isinstance(asyncio.run(settle(None, Probe(""), Probe(""), lambda *_: True)), Unscored)


class _Dead(Session):
    """A sandbox that died."""

    async def run(self, command: str) -> CommandResult:
        return CommandResult(command, "5\n", "", 0, "sandbox_dead")

    async def snapshot(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        return


def test_a_dead_sandbox_is_unscored_whatever_it_printed() -> None:
    assert isinstance(asyncio.run(settle(_Dead(), Probe(""), Probe(""), lambda *_: True)), Unscored)


def _played(commands: tuple[CommandResult, ...], files: Mapping[str, str]) -> Played:
    return Played(Task("any", "train", "0000", (Message("user", "Do."),)), "<cot>", commands, files)


def test_files_of_a_broken_sandbox_are_not_trusted() -> None:
    assert lost_world(_played((CommandResult("ls", "", "", 0, "infrastructure"),), {})) is not None
    assert lost_world(_played((CommandResult("ls", "", "", 1, "timeout"),), {})) is None
