from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from gameable import Completion, Message, PolicyError, Request
from gameable_policies.scripted import Scripted

DIALOGUE = (Message("user", "Go."),)


def complete(policy: Scripted, max_tokens: int = 100, stop: tuple[str, ...] = ("</bash>",)) -> Completion:
    return asyncio.run(policy.complete(Request(policy.encode(DIALOGUE, "<cot>"), stop, max_tokens, 1.0, 7)))


def echo(prompt: str, so_far: str, seed: int) -> str:
    return f"{prompt}|{so_far}|{seed}"


def test_the_function_sees_prompt_turn_and_seed() -> None:
    assert complete(Scripted.of(echo)).text == "user: Go.\n|<cot>|7"


def test_a_reply_is_cut_after_the_stop_string() -> None:
    reply = complete(Scripted.of(lambda *_: "a<bash>ls</bash>b</bash>"))
    assert (reply.text, reply.stopped, bytes(reply.tokens)) == ("a<bash>ls</bash>", "stop", b"a<bash>ls</bash>")


def test_a_reply_without_a_stop_string_ends_the_turn() -> None:
    policy = Scripted.of(lambda *_: "done")
    assert complete(policy) == Completion("done", (*b"done", policy.end_token), (0.0,) * 5, "end")


def test_a_reply_that_leaves_no_room_for_its_end_stops_by_length() -> None:
    assert complete(Scripted.of(lambda *_: "done"), max_tokens=4).stopped == "length"


def test_a_function_is_found_by_name(tmp_path: Path) -> None:
    policy = Scripted(script="os.path:join")
    assert policy.fetch(tmp_path).is_dir()


@pytest.mark.parametrize("script", ["", "os.path", "os.path:nothing", "no_such_module:f"])
def test_a_missing_function_is_a_clear_error(script: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="module:function"):
        Scripted(script=script).fetch(tmp_path)


def test_a_call_is_quick() -> None:
    policy = Scripted.of(lambda *_: "x<bash>ls</bash>")
    request = Request(policy.encode((Message("user", "words " * 100),), "<cot>"), ("</bash>",), 60, 1.0, 1)

    async def many() -> float:
        begin = time.thread_time()
        for _ in range(200):
            await policy.complete(request)
        return (time.thread_time() - begin) / 200

    assert min(asyncio.run(many()) for _ in range(5)) < 500e-6  # measured well below; slow machines get a margin
