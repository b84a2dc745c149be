from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gameable import Canary, Completion, Message, PolicyError, Request, canary
from gameable_policies.hf import HuggingFace
from gameable_policies.vllm import VLLM

pytestmark = pytest.mark.vllm

ENGINE = {"max_model_len": 1024, "kv_cache_memory_bytes": 64 << 20}
WORDS = ("Go.", "Write a poem on rain, please, in four short lines.", "What is two and two?", "List the files.")


def start(folder: Path) -> VLLM:
    policy = VLLM(str(folder), dtype="float32", engine=ENGINE)
    policy.adopt(policy.fetch(folder))
    return policy


@pytest.fixture
def policy(tiny_wide: Path) -> Iterator[VLLM]:
    policy = start(tiny_wide)
    yield policy
    policy.close()


def ask(policy: VLLM, text: str, **changes: object) -> Request:
    request = Request(policy.encode((Message("user", text),), "<cot>"), (), 16, 0.0, 1)
    return replace(request, **changes)  # type: ignore[arg-type]  # the names are fields


def scores(folder: Path, tokens: tuple[int, ...]) -> tuple[float, ...]:
    trainer = HuggingFace(str(folder), dtype="float32", device="cpu")
    trainer.adopt(trainer.fetch(folder))
    return tuple(trainer.logprobs([tokens])[0])


def check_same_tokens(folder: Path) -> None:
    ours, theirs = start(folder), HuggingFace(str(folder), dtype="float32", device="cpu")
    theirs.adopt(folder)

    async def play(policy: VLLM | HuggingFace) -> list[tuple[int, ...]]:
        requests = [ask(ours, text) for text in WORDS]
        return [reply.tokens for reply in await asyncio.gather(*map(policy.complete, requests))]

    try:
        assert asyncio.run(play(ours)) == asyncio.run(play(theirs))
    finally:
        ours.close()


def test_greedy_tokens_are_those_of_transformers(tiny_wide: Path) -> None:
    check_same_tokens(tiny_wide)


@pytest.mark.model
def test_greedy_tokens_of_the_real_model_are_those_of_transformers(smollm: Path) -> None:
    check_same_tokens(smollm)


@pytest.mark.parametrize("tied", [True, False])
def test_new_weights_are_taken_over_in_place(save_tiny: Callable[..., Path], tied: bool) -> None:
    old, new = (save_tiny(seed, hidden_size=128, tie_word_embeddings=tied) for seed in (1, 2))
    policy = start(old)
    tokens = policy.encode((Message("user", "List the files."),), "<cot>")
    before = policy._llm
    policy.adopt(new)
    assert policy._llm is before
    assert policy.logprobs([tokens])[0] == pytest.approx(scores(new, tokens), abs=1e-3)
    policy.close()


def test_a_stale_output_layer_is_caught_by_the_canary(save_tiny: Callable[..., Path]) -> None:
    old, new = save_tiny(1, hidden_size=128), save_tiny(2, hidden_size=128)
    policy = start(old)
    tokens = policy.encode((Message("user", "List the files."),), "<cot>")
    bird = Canary(tokens, scores(old, tokens), scores(new, tokens))
    policy._llm.collective_rpc("reload_weights", kwargs={"weights_path": str(new)})
    with pytest.raises(PolicyError, match="did not take on the new weights"):
        canary.check(policy, bird)
    policy.adopt(new)
    assert canary.check(policy, bird) < 1e-3
    policy.close()


def test_a_request_joins_while_another_is_running(policy: VLLM) -> None:
    async def play() -> list[str]:
        finished: list[str] = []

        async def one(name: str, tokens: int) -> None:
            await policy.complete(ask(policy, name, max_tokens=tokens, temperature=1.0, seed=5))
            finished.append(name)

        long = asyncio.create_task(one("long", 400))
        await one("first", 2)
        await one("second", 2)
        await long
        return finished

    assert asyncio.run(play())[:2] == ["first", "second"]


def test_a_cancelled_request_leaves_the_batch(policy: VLLM) -> None:
    async def play() -> Completion:
        task = asyncio.create_task(policy.complete(ask(policy, "Go.", max_tokens=900, temperature=1.0)))
        await policy.complete(ask(policy, "Stop.", max_tokens=2))
        task.cancel()
        return await policy.complete(ask(policy, "Go on.", max_tokens=2))

    asyncio.run(play())
    assert policy._llm.llm_engine.get_num_unfinished_requests() <= 1
    policy.logprobs([(1, 2, 3)])
    assert policy._llm.llm_engine.get_num_unfinished_requests() == 0


def test_a_prompt_that_fills_the_context_ends_by_length(policy: VLLM) -> None:
    reply = asyncio.run(policy.complete(ask(policy, "x" * 1100)))
    assert (reply.tokens, reply.stopped) == ((), "length")


def test_the_text_ends_with_the_stop_string(policy: VLLM) -> None:
    free = asyncio.run(policy.complete(ask(policy, "Go.", max_tokens=24)))
    stop = free.text[8:10]
    reply = asyncio.run(policy.complete(ask(policy, "Go.", max_tokens=24, stop=(stop,))))
    assert (reply.text, reply.stopped) == (free.text[: free.text.index(stop) + 2], "stop")
    assert reply.tokens == free.tokens[: len(reply.tokens)]


def test_a_missing_vllm_says_what_to_install(tiny_wide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameable_policies.vllm.find_spec", lambda name: None)
    with pytest.raises(PolicyError, match=r"gameable\[vllm\]"):
        start(tiny_wide)
