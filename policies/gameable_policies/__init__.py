"""Policy backends that ship with gameable."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import PolicyOffer, hookimpl


@hookimpl
def gameable_policies() -> Iterable[PolicyOffer]:
    """Offer the backends."""
    yield PolicyOffer(
        name="hf",
        summary="transformers in process, batched, on CPU or GPU.",
        factory="gameable_policies.hf:HuggingFace",
    )
    yield PolicyOffer(
        name="vllm",
        summary="vLLM in process: continuous batching on GPU or CPU.",
        factory="gameable_policies.vllm:VLLM",
    )
    yield PolicyOffer(
        name="server",
        summary="Running servers of the OpenAI completions protocol: vLLM, SGLang, llama.cpp.",
        factory="gameable_policies.server:Server",
    )
    yield PolicyOffer(
        name="scripted",
        summary="Replies from a function, for tests and for measuring overhead.",
        factory="gameable_policies.scripted:Scripted",
    )
