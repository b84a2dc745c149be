from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from gameable import Completion, Message, PolicyError, Request
from gameable_policies._reading import Reply
from gameable_policies.hf import HuggingFace

WORDS = ("Go.", "Write a poem on rain, please, in four short lines.", "What is two and two?", "List the files.")


def play(policy: HuggingFace, requests: Sequence[Request]) -> list[Completion]:
    async def together() -> list[Completion]:
        return await asyncio.gather(*map(policy.complete, requests))

    return asyncio.run(together())


def prompt(policy: HuggingFace, text: str) -> tuple[int, ...]:
    return policy.encode((Message("user", text),), "<cot>")


def asks(policy: HuggingFace, texts: Sequence[str], samples: int = 1, **changes: Any) -> list[Request]:
    settings: dict[str, Any] = {"stop": (), "max_tokens": 16, "temperature": 1.0}
    return [
        Request(tokens=prompt(policy, text), seed=100 * i + k, **settings | changes)
        for i, text in enumerate(texts)
        for k in range(samples)
    ]


def check_greedy(policy: HuggingFace, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    requests = asks(policy, WORDS, temperature=0.0)
    for request, reply in zip(requests, play(policy, requests), strict=True):
        output = model.generate(torch.tensor([request.tokens]), do_sample=False, max_new_tokens=16)
        assert list(reply.tokens) == output[0, len(request.tokens) :].tolist()


def continued(policy: HuggingFace, requests: Sequence[Request], replies: Sequence[Completion]) -> list[Request]:
    """Go on after a command, with observations of unequal length."""
    return [
        Request((*request.tokens, *reply.tokens, *policy.tokenize("\n<stdout>" + "out" * i)), (), 16, 1.0, request.seed)
        for i, (request, reply) in enumerate(zip(requests, replies, strict=True))
    ]


def check_second_turn(policy: HuggingFace, stop: str) -> None:
    requests = asks(policy, WORDS, samples=4, stop=(stop,), max_tokens=40)
    replies = play(policy, requests)
    pairs = [pair for pair in zip(requests, replies, strict=True) if pair[1].stopped == "stop"]
    assert len(pairs) > 3
    later = continued(policy, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    before = policy._generator.prefilled
    answers = play(policy, later)
    computed = policy._generator.prefilled - before
    scores = policy.logprobs([(*request.tokens, *reply.tokens) for request, reply in zip(later, answers, strict=True)])
    for scored, reply in zip(scores, answers, strict=True):
        assert reply.logprobs == pytest.approx(scored[-len(reply.tokens) :], abs=1e-3)
    observed = sum(len(new.tokens) - len(old.tokens) for new, (old, _) in zip(later, pairs, strict=True))
    sampled = sum(len(reply.tokens) for _, reply in pairs)
    assert computed == observed - sampled + len(pairs)


def test_greedy_decoding_equals_that_of_transformers(policy: HuggingFace, tiny: Path) -> None:
    check_greedy(policy, tiny)


@pytest.mark.model
def test_greedy_decoding_of_the_real_model_equals_that_of_transformers(smollm: Path) -> None:
    policy = HuggingFace(str(smollm), dtype="float32", device="cpu")
    policy.adopt(policy.fetch(smollm))
    check_greedy(policy, smollm)


@pytest.mark.model
def test_the_real_model_goes_on_after_a_command_from_what_it_knows(smollm: Path) -> None:
    policy = HuggingFace(str(smollm), dtype="float32", device="cpu")
    policy.adopt(policy.fetch(smollm))
    check_second_turn(policy, stop="e")


def test_a_row_is_sampled_alone_as_in_company(policy: HuggingFace) -> None:
    requests = asks(policy, WORDS, samples=5)
    alone = [play(policy, [request])[0].tokens for request in requests]
    assert [reply.tokens for reply in play(policy, requests)] == alone


def test_more_requests_than_fit_make_several_batches(policy: HuggingFace) -> None:
    requests = asks(policy, WORDS, samples=5)
    together = [reply.tokens for reply in play(policy, requests)]
    policy._generator.batch_size = 3
    assert [reply.tokens for reply in play(policy, requests)] == together


def test_rows_of_unequal_limits_leave_one_after_another(policy: HuggingFace) -> None:
    requests = [request for n in (1, 3, 9, 20) for request in asks(policy, WORDS, samples=2, max_tokens=n)]
    for request, reply in zip(requests, play(policy, requests), strict=True):
        scored = policy.logprobs([(*request.tokens, *reply.tokens)])[0]
        assert reply.logprobs == pytest.approx(scored[-len(reply.tokens) :], abs=1e-4)


def test_equal_prompts_are_computed_once(policy: HuggingFace) -> None:
    play(policy, asks(policy, WORDS, samples=16))
    assert policy._generator.prefilled == sum(len(prompt(policy, text)) for text in WORDS)


def test_concurrent_requests_form_one_batch(policy: HuggingFace, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    run = policy._generator.complete

    def counted(_: object, requests: Sequence[Request], wanted: Callable[[int], bool]) -> list[Completion | None]:
        sizes.append(len(requests))
        answers: list[Completion | None] = run(requests, wanted)
        return answers

    monkeypatch.setattr(type(policy._generator), "complete", counted)
    play(policy, asks(policy, WORDS[:2], samples=5))
    assert sizes == [10]


def test_a_second_turn_computes_only_what_is_new(policy: HuggingFace) -> None:
    check_second_turn(policy, stop="a")


def test_samples_that_wrote_the_same_both_go_on_from_it(policy: HuggingFace) -> None:
    (request,) = asks(policy, WORDS[:1], stop=("a",), max_tokens=200)
    (reply,) = play(policy, [request])
    assert reply.stopped == "stop"
    before = policy._generator.prefilled
    play(policy, [continued(policy, [request] * n, [reply] * n)[-1] for n in (2, 3)])
    assert policy._generator.prefilled - before == 2 + len(
        policy.tokenize("\n<stdout>") * 2 + policy.tokenize("out" * 3)
    )


def test_a_forgotten_turn_is_computed_whole_with_the_same_result(policy: HuggingFace) -> None:
    requests = asks(policy, WORDS, samples=4, stop=("a",), max_tokens=40)
    replies = play(policy, requests)
    later = continued(policy, requests, replies)
    known = [reply.tokens for reply in play(policy, later)]
    policy._generator.memory.clear()
    assert [reply.tokens for reply in play(policy, later)] == known


def test_memory_stays_within_its_bound(policy: HuggingFace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameable_policies._memory.LIMIT", 60_000)
    play(policy, asks(policy, WORDS, samples=8, stop=("a",), max_tokens=40))
    assert 0 < policy._generator.memory._bytes() <= 60_000


def test_text_is_cut_right_after_a_stop_string_that_spans_tokens(policy: HuggingFace) -> None:
    requests = asks(policy, WORDS[:1], samples=32, max_tokens=12)
    stop, request, free = next(
        (policy._tokenizer.decode(pair), request, reply)
        for request, reply in zip(requests, play(policy, requests), strict=True)
        for pair in zip(reply.tokens[4:], reply.tokens[5:], strict=False)
        if policy._tokenizer.decode(pair).isascii() and max(pair) < policy.end_token
    )
    (cut,) = play(policy, [replace(request, stop=(stop,))])
    assert (cut.stopped, cut.text.count(stop), cut.text.endswith(stop)) == ("stop", 1, True)
    assert len(stop) > 1
    assert cut.tokens == free.tokens[: len(cut.tokens)]
    assert stop not in policy._tokenizer.decode(cut.tokens[:-1])


def test_a_stop_string_inside_a_token_leaves_the_token_whole(policy: HuggingFace) -> None:
    reply = Reply(Request((5,), ("</bash",), 9, 1.0, 1), policy._generator.reader)
    for token in policy.tokenize("</bash>"):
        reply.take(token, 0.0)
    assert reply.finish() == Completion("</bash", policy.tokenize("</bash>"), (0.0, 0.0), "stop")


def test_the_end_token_is_kept_but_not_shown(policy: HuggingFace) -> None:
    reply = Reply(Request((5,), (), 9, 1.0, 1), policy._generator.reader)
    for token in (*policy.tokenize("hi"), policy.end_token):
        reply.take(token, 0.0)
    assert reply.finish() == Completion("hi", (*policy.tokenize("hi"), policy.end_token), (0.0,) * 3, "end")


@pytest.mark.parametrize("tied", [True, False])
def test_new_weights_are_taken_over_with_the_output_layer(save_tiny: Callable[..., Path], tied: bool) -> None:
    old, new = save_tiny(1, tie_word_embeddings=tied), save_tiny(2, tie_word_embeddings=tied)
    moved, fresh = (HuggingFace(str(old), dtype="float32", device="cpu") for _ in range(2))
    moved.adopt(old)
    tokens = prompt(moved, "Go.")
    before = moved.logprobs([tokens])[0]
    live = moved._generator.model
    moved.adopt(new)
    fresh.adopt(new)
    assert moved._generator.model is live
    assert moved.logprobs([tokens])[0] == pytest.approx(fresh.logprobs([tokens])[0], abs=1e-6)
    assert moved.logprobs([tokens])[0] != pytest.approx(before, abs=0.1)


def test_new_weights_forget_what_the_old_ones_knew(policy: HuggingFace, tiny: Path) -> None:
    play(policy, asks(policy, WORDS, samples=4, stop=("a",), max_tokens=40))
    policy.adopt(tiny)
    assert policy._generator.memory._bytes() == 0


def test_weights_of_another_model_are_refused(policy: HuggingFace, save_tiny: Callable[..., Path]) -> None:
    with pytest.raises(PolicyError, match="does not fit"):
        policy.adopt(save_tiny(3, intermediate_size=96))


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match="sampler"):
        TypeAdapter(HuggingFace).validate_python({"model": "x", "sampler": 1})


def test_a_model_that_is_not_loaded_says_what_to_do(tiny: Path) -> None:
    with pytest.raises(PolicyError, match="adopt a checkpoint"):
        HuggingFace(str(tiny)).logprobs([[1, 2]])
