"""A language model so small that it learns a task in seconds, and updates that save each step."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gameable_plugins.optimizers import _resume


@pytest.fixture(scope="session")
def eight_tokens(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a Llama with one layer, 32 wide, that knows eight tokens; its tokenizer is there to be copied only."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("eight") / "tokens"
    shutil.copytree(tiny_model, folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the whole state after each step."""
    monkeypatch.setattr(_resume, "SECONDS", 0.0)
