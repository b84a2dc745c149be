"""A policy that gave its memory to training, and takes new weights on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gameable import Message, Policy, Request
from gameable_policies.hf import HuggingFace
from gameable_policies.scripted import Scripted
from gameable_policies.server import Server
from gameable_policies.vllm import VLLM

ENGINE = {"max_model_len": 1024, "kv_cache_memory_bytes": 64 << 20}


def greedy(policy: Policy) -> tuple[int, ...]:
    tokens = policy.encode((Message("user", "List the files."),), "<cot>")
    return asyncio.run(policy.complete(Request(tokens, (), 12, 0.0, 1))).tokens


def of(backend: str, folder: Path) -> Policy:
    if backend == "vllm":
        return VLLM(str(folder), dtype="float32", engine=ENGINE)
    return HuggingFace(str(folder), dtype="float32", device="cpu")


@pytest.mark.parametrize("backend", ["hf", pytest.param("vllm", marks=pytest.mark.vllm)])
def test_after_a_rest_it_samples_from_the_weights_that_it_adopts(backend: str, save_tiny: Callable[..., Path]) -> None:
    old, new = (save_tiny(seed, hidden_size=128) for seed in (1, 2))
    policy, fresh = of(backend, old), HuggingFace(str(new), dtype="float32", device="cpu")
    policy.rest()  # before anything is loaded there is nothing to give back
    policy.adopt(old)
    fresh.adopt(new)
    before = greedy(policy)
    policy.rest()
    policy.rest()
    policy.adopt(new)
    assert greedy(policy) == greedy(fresh) != before
    policy.rest()
    policy.adopt(old)
    assert greedy(policy) == before
    policy.close()


@pytest.mark.vllm
def test_vllm_sleeps_until_it_adopts(tiny_wide: Path) -> None:
    policy = VLLM(str(tiny_wide), dtype="float32", engine=ENGINE)
    policy.adopt(tiny_wide)
    engine = policy._llm.llm_engine
    policy.rest()
    assert engine.is_sleeping()
    assert engine.engine_core.engine_core.model_executor.sleeping_tags == {"weights", "kv_cache"}
    policy.adopt(tiny_wide)
    assert not engine.is_sleeping()
    policy.close()


@pytest.mark.vllm
def test_vllm_stays_awake_where_its_engine_is_told_not_to_sleep(tiny_wide: Path) -> None:
    policy = VLLM(str(tiny_wide), dtype="float32", engine={**ENGINE, "enable_sleep_mode": False})
    policy.adopt(tiny_wide)
    policy.rest()
    assert not policy._llm.llm_engine.is_sleeping()
    policy.close()


def test_a_copy_takes_the_gpus_that_its_model_is_spread_over() -> None:
    assert VLLM("m", engine={"tensor_parallel_size": 4, "pipeline_parallel_size": 2}).gpus == 8
    assert (VLLM("m").gpus, HuggingFace("m").gpus, Scripted().gpus, Server("m").gpus) == (1, 1, 0, 0)
