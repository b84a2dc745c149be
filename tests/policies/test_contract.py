from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gameable import Completion, Message, Policy, Request
from gameable_policies.hf import HuggingFace
from gameable_policies.scripted import Scripted
from gameable_policies.server import Server
from gameable_policies.vllm import VLLM

DIALOGUE = (Message("system", "Be brief."), Message("user", "List the files, please."))


def play(policy: Policy, *requests: Request) -> list[Completion]:
    async def together() -> list[Completion]:
        return await asyncio.gather(*map(policy.complete, requests))

    return asyncio.run(together())


def letters(prompt: str, so_far: str, seed: int) -> str:
    return f"{so_far[-1]}{seed % 10}" * 40 + "</bash> and more"


def make(backend: str, fixture: Callable[[str], Any]) -> Policy:
    if backend == "scripted":
        return Scripted.of(letters)
    if backend == "server":
        return Server(str(fixture("tiny_wide")), addresses=[fixture("address")])
    if backend == "vllm":
        engine = {"max_model_len": 1024, "kv_cache_memory_bytes": 64 << 20}
        return VLLM(str(fixture("tiny_wide")), dtype="float32", engine=engine)
    return HuggingFace(str(fixture("tiny" if backend == "hf" else "smollm")), dtype="float32", device="cpu")


@pytest.fixture(
    params=[
        "scripted",
        "hf",
        pytest.param("vllm", marks=pytest.mark.vllm),
        pytest.param("server", marks=[pytest.mark.vllm, pytest.mark.timeout(240)]),
        pytest.param("smollm", marks=pytest.mark.model),
    ]
)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Policy]:
    policy = make(request.param, request.getfixturevalue)
    policy.adopt(policy.fetch(tmp_path))
    yield policy
    policy.close()


def ask(
    policy: Policy, seed: int = 1, stop: Sequence[str] = (), max_tokens: int = 12, temperature: float = 1.0
) -> Request:
    return Request(policy.encode(DIALOGUE, "<cot>"), tuple(stop), max_tokens, temperature, seed)


def test_the_prompt_ends_with_the_opening(backend: Policy) -> None:
    assert backend.encode(DIALOGUE, "<cot>")[-5:] == (*backend.encode(DIALOGUE, ""), *backend.tokenize("<cot>"))[-5:]


def test_the_same_request_gives_the_same_tokens(backend: Policy) -> None:
    assert play(backend, ask(backend)) == play(backend, ask(backend))


def test_another_seed_gives_other_tokens(backend: Policy) -> None:
    one, other = play(backend, ask(backend, seed=1), ask(backend, seed=2))
    assert one.tokens != other.tokens


def test_answers_come_in_the_order_of_the_questions(backend: Policy) -> None:
    requests = [ask(backend, seed=seed) for seed in range(6)]
    assert play(backend, *requests) == play(backend, *reversed(requests))[::-1]


def test_a_reply_at_the_limit_stops_by_length(backend: Policy) -> None:
    (reply,) = play(backend, ask(backend, max_tokens=3))
    assert (reply.stopped, len(reply.tokens)) == ("length", 3)


def test_every_token_has_a_log_probability(backend: Policy) -> None:
    request = ask(backend)
    (reply,) = play(backend, request)
    scored = backend.logprobs([(*request.tokens, *reply.tokens)])[0]
    assert reply.logprobs == pytest.approx(scored[-len(reply.tokens) :], abs=1e-3)


def test_scores_of_a_sequence_do_not_depend_on_its_company(backend: Policy) -> None:
    short, long = backend.encode(DIALOGUE[1:], ""), backend.encode(DIALOGUE, "<cot>some more")
    together = backend.logprobs([long, short, long[:1]])
    assert together[0] == pytest.approx(backend.logprobs([long])[0], abs=1e-3)
    assert together[1] == pytest.approx(backend.logprobs([short])[0], abs=1e-3)
    assert together[2] == []


def test_the_end_token_is_no_text(backend: Policy) -> None:
    assert backend.end_token not in backend.tokenize("all plain text <bash></bash>")


def test_closing_twice_is_harmless(backend: Policy) -> None:
    backend.close()
    backend.close()


@pytest.mark.parametrize(
    "policy", [Scripted.of(letters), HuggingFace("nowhere"), VLLM("nowhere"), Server("nowhere")], ids=str
)
def test_making_a_policy_touches_nothing(policy: Policy) -> None:
    policy.close()
