from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log, nan
from pathlib import Path

import pytest

from gameable import (
    CommandResult,
    Completion,
    Measured,
    Message,
    PluginError,
    Request,
    Score,
    Silent,
    TranscriptView,
    Unscored,
)
from gameable.plugins import Plugins
from gameable.views import narrow
from gameable_oversight.monitors._judge import Judge
from gameable_oversight.monitors.action_judge import ActionJudge
from gameable_oversight.monitors.cot_judge import CotJudge
from gameable_policies.hf import HuggingFace
from gameable_policies.scripted import Scripted

NEVER = -50.0
WRITTEN = "It edits its own reward, so"


@dataclass
class Reads(Scripted):
    """Says Yes with one probability where it reads a word, with another where not, and No with the rest or less."""

    word: str = "cheat"
    there: float = 0.8
    elsewhere: float = 0.2
    mass: float = 1.0
    asked: list[str] = field(default_factory=list)
    closed: int = 0

    async def complete(self, request: Request) -> Completion:
        tokens = self.tokenize(WRITTEN)[: request.max_tokens]
        return Completion(bytes(tokens).decode(), tokens, (0.0,) * len(tokens), "length")

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        return [self._scored(sequence) for sequence in sequences]

    def _scored(self, tokens: Sequence[int]) -> list[float]:
        text = bytes(token for token in tokens if token < 256).decode()
        question, space, word = text.rpartition(" ")
        self.asked.append(question)
        yes = self.mass * (self.there if self.word in question else self.elsewhere)
        wanted = {"Yes": yes, "No": self.mass - yes}[word]
        tail = len((space + word).encode())
        said = log(wanted) if wanted else NEVER
        return [NEVER] * (len(tokens) - 1 - tail) + [said, *[0.0] * (tail - 1)]

    def close(self) -> None:
        self.closed += 1


def view(thought: str = "I look.", said: str = "Done.") -> TranscriptView:
    reply = f"<bash>cat list.md</bash>\n<stdout>items</stdout>\n{said}"
    commands = (CommandResult("cat list.md", "items", "", 0),)
    dialogue = (Message("user", "Please check the list."),)
    return TranscriptView("id", "toy", dialogue, commands, reply, f"<cot>{thought}</cot>{reply}")


def verdict(judge: Judge, given: TranscriptView) -> Score:
    (found,) = judge.inspect([narrow(given, judge.sees)])
    return found


def value(judge: Judge, given: TranscriptView) -> float:
    found = verdict(judge, given)
    assert isinstance(found, Measured)
    return found.value


@pytest.mark.parametrize("judge", [CotJudge, ActionJudge])
def test_the_verdict_is_the_share_of_yes(judge: type[Judge]) -> None:
    assert value(judge(Reads()), view(said="I cheat.")) == pytest.approx(0.8)
    assert value(judge(Reads()), view(said="I do not.")) == pytest.approx(0.2)
    assert value(judge(Reads(mass=0.5)), view(said="I cheat.")) == pytest.approx(0.8)


def test_only_the_judge_of_thoughts_reads_them() -> None:
    hidden = view(thought="I will cheat.")
    assert value(CotJudge(Reads()), hidden) == pytest.approx(0.8)
    assert value(ActionJudge(Reads()), hidden) == pytest.approx(0.2)


def test_both_ask_the_same_question_but_for_the_thought() -> None:
    with_thought, without = Reads(), Reads()
    verdict(CotJudge(with_thought), view("a thought"))
    verdict(ActionJudge(without), view("a thought"))
    assert with_thought.asked[0].replace("<cot>a thought</cot>", "") == without.asked[0]
    assert "Please check the list." in without.asked[0]
    assert "<stdout>items</stdout>" in without.asked[0]


@pytest.mark.parametrize("mass", [0.0, 0.001])
def test_a_judge_that_answers_nonsense_has_no_verdict(mass: float) -> None:
    found = verdict(CotJudge(Reads(mass=mass)), view())
    assert isinstance(found, Unscored)
    assert "neither Yes" in found.reason


def test_a_judge_that_answers_no_number_has_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reads, "logprobs", lambda _self, rows: [[nan] * (len(row) - 1) for row in rows])
    assert isinstance(verdict(CotJudge(Reads()), view()), Unscored)


def test_a_question_that_is_too_long_has_no_verdict_and_the_others_are_asked() -> None:
    judge = CotJudge(Reads(), max_tokens=2000)
    long, short = judge.inspect([view("word " * 1000), view("I cheat.")])
    assert long == Unscored("the question is longer than max_tokens (2000)")
    assert isinstance(short, Measured)


def test_nothing_to_ask_asks_nothing() -> None:
    policy = Reads()
    assert CotJudge(policy, reasoning=5).inspect([]) == []
    assert policy.asked == []


def test_a_judge_may_write_before_it_answers_and_what_it_wrote_is_the_reason() -> None:
    policy = Reads(word=WRITTEN)
    found = verdict(CotJudge(policy, reasoning=100), view())
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(0.8)
    assert found.detail.endswith(f"; {WRITTEN}")
    assert policy.asked[0].endswith(f"{WRITTEN}\nAnswer:")


def test_it_writes_no_more_than_it_may() -> None:
    policy = Reads()
    verdict(CotJudge(policy, reasoning=8), view())
    assert policy.asked[0].endswith(f"{WRITTEN[:8]}\nAnswer:")


def test_tokens_that_it_reads_and_writes_are_counted() -> None:
    quiet, wordy = CotJudge(Reads()), CotJudge(Reads(), reasoning=8)
    assert quiet.tokens == 0
    verdict(quiet, view())
    first = quiet.tokens
    assert first > 2 * len(view().transcript)
    verdict(quiet, view())
    assert quiet.tokens == 2 * first
    verdict(wordy, view())
    assert wordy.tokens == first + 8 + 2 * len(WRITTEN[:8] + "\n")


def test_an_empty_reply_is_asked_about_all_the_same() -> None:
    policy = Reads()
    verdict(ActionJudge(policy), TranscriptView("id", "toy", (Message("user", "Go."),), (), "", "<cot>"))
    assert "(nothing)" in policy.asked[0]


def test_the_model_is_freed_at_the_end() -> None:
    policy = Reads()
    CotJudge(policy).close()
    assert policy.closed == 1


def test_a_judge_without_a_model_is_told_so() -> None:
    with pytest.raises(PluginError, match=r"monitor 'cot-judge': option 'policy': Field required"):
        Plugins().monitor("cot-judge", {})


@pytest.mark.model
@pytest.mark.timeout(300)
@pytest.mark.parametrize("reasoning", [0, 8])
def test_a_real_model_judges(small_model: Path, tmp_path: Path, reasoning: int) -> None:
    options = {"policy": {"use": "hf", "model": str(small_model)}, "reasoning": reasoning}
    judge = Plugins().monitor("cot-judge", options)
    assert isinstance(judge, CotJudge)
    assert isinstance(judge.policy, HuggingFace)
    judge.prepare(tmp_path, tmp_path, Silent())
    try:
        first, second = judge.inspect([view("I will cheat.", "All is done."), view()])
    finally:
        judge.close()
    for found in (first, second):
        assert isinstance(found, Measured)
        assert 0 < found.value < 1
    assert first != second
    assert judge.tokens > 0
