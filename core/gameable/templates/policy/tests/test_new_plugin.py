from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from new_plugin import NewPlugin

from gameable import Completion, Message, Policy, Request

DIALOGUE = (Message("system", "Be brief."), Message("user", "List the files, please."))


@pytest.fixture
def policy(tmp_path: Path) -> Iterator[Policy]:
    policy = NewPlugin()
    policy.adopt(policy.fetch(tmp_path))
    yield policy
    policy.close()


def ask(policy: Policy, *, seed: int = 1, stop: tuple[str, ...] = (), max_tokens: int = 40) -> Completion:
    prompt = policy.encode(DIALOGUE, "<cot>")
    return asyncio.run(policy.complete(Request(prompt, stop, max_tokens, 1.0, seed)))


def test_the_prompt_ends_with_the_opening(policy: Policy) -> None:
    opening = policy.tokenize("<cot>")
    assert policy.encode(DIALOGUE, "<cot>")[-len(opening) :] == opening


def test_the_same_seed_gives_the_same_tokens_and_another_gives_others(policy: Policy) -> None:
    assert ask(policy) == ask(policy)
    assert ask(policy).tokens != ask(policy, seed=2).tokens


def test_a_reply_ends_right_after_a_stop_string(policy: Policy) -> None:
    replies = [ask(policy, seed=seed, stop=("e",)) for seed in range(20)]
    stopped = [reply for reply in replies if reply.stopped == "stop"]
    assert stopped
    assert all(reply.text.endswith("e") and reply.text.count("e") == 1 for reply in stopped)


def test_a_reply_at_the_limit_stops_by_length(policy: Policy) -> None:
    replies = [ask(policy, seed=seed, max_tokens=3) for seed in range(20)]
    assert {len(reply.tokens) for reply in replies if reply.stopped == "length"} == {3}


def test_log_probabilities_of_a_reply_are_those_of_the_model(policy: Policy) -> None:
    reply = ask(policy)
    (scored,) = policy.logprobs([(*policy.encode(DIALOGUE, "<cot>"), *reply.tokens)])
    assert reply.logprobs == pytest.approx(scored[-len(reply.tokens) :])
