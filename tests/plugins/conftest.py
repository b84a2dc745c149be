"""A tiny random language model that every part of the training can be run on in a second, and containers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gameable import Silent
from gameable_plugins.sandboxes.docker import Docker

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a Llama with two layers, 64 wide, random weights, and a tokenizer of bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    special = ["<|im_start|>", "<|im_end|>"]
    vocabulary = special + sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(vocabulary)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path_factory.mktemp("tiny-model")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=special[1], additional_special_tokens=special, chat_template=TEMPLATE
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def containers() -> Iterator[Docker]:
    """Containers with a short limit; the image is built when it is missing.

    Without a daemon the tests are skipped, unless GAMEABLE_REQUIRE_DOCKER is set: then they fail.
    """
    sandbox = Docker(seconds=1)
    lacking = sandbox.missing()
    if lacking and "is not built" in lacking:
        sandbox.build(Silent(), offline=shutil.which("mmdebstrap") is not None)
        lacking = sandbox.missing()
    if lacking and os.environ.get("GAMEABLE_REQUIRE_DOCKER"):
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)
    yield sandbox
    sandbox.close()
