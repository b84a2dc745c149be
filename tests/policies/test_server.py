from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from serving import free_port

from gameable import Canary, Message, PolicyError, Request, canary
from gameable_policies._dialects import Interpreter, scores
from gameable_policies._reading import Reader
from gameable_policies.hf import HuggingFace
from gameable_policies.server import Server


@pytest.fixture
def interpreter(policy: HuggingFace) -> Interpreter:
    return Interpreter(policy, Reader(policy._tokenizer, frozenset({policy.end_token})))


def asked(policy: Any, stop: tuple[str, ...] = ("</bash>",)) -> Request:
    return Request(policy.encode((Message("user", "Go."),), "<cot>"), stop, 16, 1.0, 1)


def read(interpreter: Interpreter, choice: Mapping[str, Any]) -> tuple[str, bool, str]:
    reply = interpreter.completion(asked(interpreter.policy), choice)
    ended = reply.tokens[-1] == interpreter.policy.end_token
    return reply.text, ended, reply.stopped


def test_tokens_of_vllm_are_kept_as_they_are(interpreter: Interpreter) -> None:
    tokens = [*interpreter.policy.tokenize("<bash>ls</bash>")]
    logprobs = [-0.5] * len(tokens)
    choice = {"text": "<bash>ls</bash>", "token_ids": tokens, "finish_reason": "stop", "stop_reason": "</bash>"}
    reply = interpreter.completion(asked(interpreter.policy), {**choice, "logprobs": {"token_logprobs": logprobs}})
    assert (list(reply.tokens), list(reply.logprobs), reply.stopped) == (tokens, logprobs, "stop")


def test_a_stop_string_that_llama_cpp_cut_off_is_put_back(interpreter: Interpreter) -> None:
    content = [{"id": token, "logprob": -1.0} for token in interpreter.policy.tokenize("<bash>ls")]
    choice = {"text": "<bash>ls", "logprobs": {"content": content}, "finish_reason": "stop"}
    assert read(interpreter, choice) == ("<bash>ls</bash>", False, "stop")


def test_the_end_of_a_turn_in_llama_cpp_is_its_last_token(interpreter: Interpreter) -> None:
    ids = [*interpreter.policy.tokenize("Done."), interpreter.policy.end_token]
    content = [{"id": token, "logprob": -1.0} for token in ids]
    assert read(interpreter, {"text": "Done.", "logprobs": {"content": content}, "finish_reason": "stop"}) == (
        "Done.",
        True,
        "end",
    )


@pytest.mark.parametrize(("matched", "expected"), [("</bash>", ("ls</bash>", False, "stop")), (7, ("ls", True, "end"))])
def test_sglang_says_where_it_stopped(interpreter: Interpreter, matched: object, expected: object) -> None:
    text = "ls</bash>" if isinstance(matched, str) else "ls"
    assert read(interpreter, {"text": text, "finish_reason": "stop", "matched_stop": matched}) == expected


def test_a_server_that_does_not_say_where_it_stopped_is_refused(interpreter: Interpreter) -> None:
    with pytest.raises(PolicyError, match="without saying where"):
        read(interpreter, {"text": "ls", "finish_reason": "stop"})


def test_a_server_that_does_not_score_prompts_is_refused() -> None:
    with pytest.raises(PolicyError, match="does not score prompts"):
        scores((1, 2, 3), {"logprobs": {"token_logprobs": [-1.0]}})


def test_no_server_gives_one_clear_error(tiny: Path) -> None:
    policy = Server(str(tiny), addresses=[f"http://127.0.0.1:{free_port()}/v1"], retries=0)
    with pytest.raises(PolicyError, match="No server answers"):
        policy.adopt(tiny)
    policy.close()


@pytest.fixture
def served(address: str, tiny_wide: Path) -> Iterator[Server]:
    policy = Server(str(tiny_wide), addresses=[address, address], in_flight=4)
    policy.adopt(policy.fetch(tiny_wide))
    yield policy
    policy.close()


@pytest.mark.vllm
@pytest.mark.timeout(240)
def test_a_served_completion_has_its_tokens_and_log_probabilities(served: Server) -> None:
    request = asked(served)
    reply = asyncio.run(served.complete(request))
    scored = served.logprobs([(*request.tokens, *reply.tokens)])[0]
    assert reply.logprobs == pytest.approx(scored[-len(reply.tokens) :], abs=1e-3)


@pytest.mark.vllm
@pytest.mark.timeout(240)
def test_requests_are_spread_over_the_addresses(served: Server) -> None:
    seen = []

    async def play() -> None:
        replies = [asyncio.create_task(served.complete(asked(served))) for _ in range(12)]
        while not all(reply.done() for reply in replies):
            seen.append(tuple(place.busy for place in served._places))
            await asyncio.sleep(0)

    asyncio.run(play())
    assert (6, 6) in seen


@pytest.mark.vllm
@pytest.mark.timeout(240)
def test_a_running_server_takes_over_new_weights(
    served: Server, save_tiny: Callable[..., Path], tiny_wide: Path
) -> None:
    new = save_tiny(3, hidden_size=128)
    tokens = asked(served).tokens
    trainer = HuggingFace(str(new), dtype="float32", device="cpu")
    trainer.adopt(new)
    before = tuple(served.logprobs([tokens])[0])
    served.adopt(new)
    assert canary.check(served, Canary(tokens, before, tuple(trainer.logprobs([tokens])[0]))) < 1e-3
    served.adopt(tiny_wide)
    assert served.logprobs([tokens])[0] == pytest.approx(before, abs=1e-3)
