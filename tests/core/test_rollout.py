from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from gameable import (
    CommandResult,
    Episode,
    Outcome,
    Played,
    Sandbox,
    SandboxError,
    Session,
    Unscored,
)
from gameable.profile import Sampling
from gameable.rollout import Play, Rollout
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_policies.scripted import Scripted
from toys import SmallTalk, Thermometer

Script = Callable[[str, str, int], str]
ENVIRONMENTS = {"thermometer": Thermometer(), "small-talk": SmallTalk()}


def rollout(script: Script, sandbox: Sandbox | None = None, **sampling: int) -> Rollout:
    return Rollout(
        policy=Scripted.of(script),
        sandbox=sandbox or Bashkit(),
        environments=ENVIRONMENTS,
        sampling=Sampling.model_validate({"max_tokens": 300, "in_flight": 4, **sampling}),
        model="start",
        seed=1,
    )


def play(environment: str = "thermometer", index: int = 0, script: tuple[str, ...] | None = None) -> Play:
    return Play(f"train/x/{environment}/{index:04}/0", ENVIRONMENTS[environment].task("train", index), script)


def episode(script: Script, **sampling: int) -> Episode:
    return asyncio.run(rollout(script, None, **sampling).play(play()))


def turns(*texts: str) -> Script:
    """Write one text a stretch, by how many observations there are."""
    return lambda _prompt, so_far, _seed: texts[so_far.count("</stdout>")]


def test_output_is_spliced_into_the_same_turn() -> None:
    got = episode(turns("look</cot><bash>cat temp.txt</bash>", "It is 40."))
    assert got.text == "<cot>look</cot><bash>cat temp.txt</bash>\n<stdout>40</stdout>\nIt is 40."
    assert [segment.kind for segment in got.segments] == ["model", "observation", "model"]
    assert got.stop == "end"


def test_the_working_directory_persists_over_commands() -> None:
    got = episode(turns("<bash>cd /</bash>", "<bash>pwd</bash>", "done"))
    assert [command.stdout for command in got.commands] == ["", "/\n"]


def test_the_judge_sees_the_final_files() -> None:
    got = episode(turns("<bash>echo 90 > temp.txt</bash>", "done"))
    assert isinstance(got.outcome, Outcome)
    assert got.outcome.label == "gamed"
    assert got.files["/train0/temp.txt"] == "90\n"


def test_the_command_budget_ends_the_episode() -> None:
    got = episode(turns("<bash>ls</bash>", "<bash>ls</bash>", "<bash>ls</bash>"), max_commands=2)
    assert (len(got.commands), got.stop) == (2, "commands")


def test_the_token_budget_counts_sampled_tokens_only() -> None:
    got = episode(turns("<bash>cat temp.txt</bash>", "x" * 500), max_tokens=100)
    assert (got.sampled_tokens, got.stop) == (100, "length")


def test_a_closing_tag_that_closes_nothing_runs_nothing() -> None:
    got = episode(turns("oops</bash>", "never"))
    assert (got.commands, got.stop) == ((), "end")


def test_a_scripted_reply_runs_its_commands_for_real_and_is_marked() -> None:
    got = asyncio.run(rollout(turns("unused")).play(play(script=("look</cot><bash>cat temp.txt</bash>", "40."))))
    assert got.scripted
    assert got.commands[0].stdout == "40\n"
    assert got.segments[-1].tokens[-1] == Scripted.of(turns("")).end_token


def test_a_task_without_a_home_never_opens_a_sandbox() -> None:
    @dataclass
    class Forbidden(Sandbox):
        async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
            raise AssertionError("opened")

    got = asyncio.run(rollout(turns("hi</cot>Hi <bash>ls</bash>"), Forbidden()).play(play("small-talk")))
    assert got.commands == ()


def test_a_broken_sandbox_is_unscored_and_not_honest() -> None:
    @dataclass
    class Broken(Sandbox):
        async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
            raise SandboxError("no space")

    got = asyncio.run(rollout(turns("hi"), Broken()).play(play()))
    assert got.outcome == Unscored("sandbox: no space")
    assert got.payout == Unscored("sandbox: no space")
    assert got.stop == "sandbox"


class Dying(Session):
    async def run(self, command: str) -> CommandResult:
        return CommandResult(command, "", "", 137, "sandbox_dead")

    async def snapshot(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        pass


@dataclass
class Fragile(Sandbox):
    """Its first sessions die under their first command; those after are sound."""

    dying: int
    opened: int = 0

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        self.opened += 1
        return Dying() if self.opened <= self.dying else await Bashkit().open(files, directories, home)


def test_an_episode_whose_sandbox_breaks_is_played_again_twice() -> None:
    sandbox = Fragile(dying=2)
    got = asyncio.run(rollout(turns("<bash>cat temp.txt</bash>", "40."), sandbox).play(play()))
    assert (sandbox.opened, len(got.commands), got.text.count("<bash>")) == (3, 1, 1)
    assert isinstance(got.outcome, Outcome)


def test_a_sandbox_that_dies_every_time_is_unscored() -> None:
    sandbox = Fragile(dying=99)
    got = asyncio.run(rollout(turns("<bash>ls</bash>"), sandbox).play(play()))
    assert got.outcome == Unscored("sandbox: sandbox_dead at command 1")
    assert sandbox.opened == 3


def test_a_lead_is_played_first_and_is_nobodys_doing() -> None:
    led = replace(play(), lead=("look</cot>\n<bash>cat temp.txt</bash>",))
    got = asyncio.run(rollout(turns("never", "It is 40.")).play(led))
    assert got.text == "<cot>look</cot>\n<bash>cat temp.txt</bash>\n<stdout>40</stdout>\nIt is 40."
    assert [segment.kind for segment in got.segments] == ["observation", "model"]
    assert (got.commands, got.sampled_tokens) == ((), len(got.segments[1].tokens))


@dataclass
class Uneven(Sandbox):
    """One of its worlds takes its time."""

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        for _ in range(50 if home == "/train0" else 0):
            await asyncio.sleep(0)
        return await Bashkit().open(files, directories, home)


@pytest.mark.parametrize(("determinism", "together"), [("batch", True), ("request", False)])
def test_requests_of_a_batch_meet_however_long_their_worlds_take(determinism: str, together: bool) -> None:
    seen: list[int] = []

    def counting(_prompt: str, so_far: str, _seed: int) -> str:
        seen.append(so_far.count("</stdout>"))
        return "hi" if "</stdout>" in so_far else "<bash>ls</bash>"

    batched = rollout(counting, Uneven())
    object.__setattr__(batched.policy, "determinism", determinism)
    batched.run([play(index=index) for index in range(4)], set(), lambda _: None)
    assert (seen == [0] * 4 + [1] * 4) is together


def test_a_judge_that_raises_costs_its_episode_and_not_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def raises(self: Thermometer, played: Played, sandbox: Sandbox) -> Outcome:
        raise ValueError("bug")

    monkeypatch.setattr(Thermometer, "judge", raises)
    assert episode(turns("<bash>ls</bash>", "x")).outcome == Unscored("judge raised ValueError: bug")


def test_episodes_share_no_file() -> None:
    got: list[Episode] = []
    plays = [Play(f"train/x/t/0000/{i}", ENVIRONMENTS["thermometer"].task("train", 0)) for i in range(8)]
    rollout(turns("<bash>cat temp.txt; echo 90 > temp.txt</bash>", "x")).run(plays, set(), got.extend)
    assert [each.commands[0].stdout for each in got] == ["40\n"] * 8


def test_only_what_is_missing_is_played() -> None:
    got: list[Episode] = []
    plays = [play(index=index) for index in range(6)]
    rollout(turns("hi")).run(plays, {plays[0].id, plays[4].id}, got.extend)
    assert sorted(each.id for each in got) == sorted({each.id for each in plays} - {plays[0].id, plays[4].id})


def test_a_backend_that_depends_on_its_batch_plays_an_incomplete_batch_again_as_a_whole() -> None:
    got: list[Episode] = []
    plays = [play(index=index) for index in range(8)]
    batched = rollout(turns("hi"))
    object.__setattr__(batched.policy, "determinism", "batch")
    batched.run(plays, {each.id for each in plays[:5]}, got.extend)
    assert sorted(each.id for each in got) == [each.id for each in plays[4:]]
