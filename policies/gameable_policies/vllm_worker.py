"""What runs inside vLLM's workers, in this process or in others: taking new weights from a checkpoint folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class TakeOver:
    """Mixed into vLLM's worker (`worker_extension_cls`), where `collective_rpc("take_over", …)` finds it."""

    def take_over(self, folder: str) -> None:
        """Replace the weights in place."""
        self.reload_weights(weights_iterator=whole(Path(folder)))  # type: ignore[attr-defined]  # the worker's own


def whole(folder: Path) -> Iterator[tuple[str, Any]]:
    """Read every weight of a checkpoint, the output layer too where it is tied and so not in the file.

    On CPUs vLLM packs the output layer into a copy of its own, which a reload that leaves it out keeps as it was.
    """
    from safetensors import safe_open

    tied = _tied(folder)
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            for name in weights.keys():  # noqa: SIM118  it is no mapping
                tensor = weights.get_tensor(name)
                yield name, tensor
                if tied and name.endswith("embed_tokens.weight"):
                    yield "lm_head.weight", tensor


def _tied(folder: Path) -> bool:
    """Whether the checkpoint's output layer is its input layer."""
    from transformers import AutoConfig

    index = folder / "model.safetensors.index.json"
    if index.is_file() and "lm_head.weight" in json.loads(index.read_text())["weight_map"]:
        return False
    return bool(AutoConfig.from_pretrained(folder).get_text_config().tie_word_embeddings)
