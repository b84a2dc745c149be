"""Loads a model for sampling, and moves new weights into a model that is already loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable import PolicyError
from gameable_policies import _attention

if TYPE_CHECKING:
    import torch


def load(checkpoint: Path, dtype: str, device: str) -> Any:
    """Load a causal language model with our attention, ready to sample from.

    Raises:
        PolicyError: its attention is of a kind that we cannot do.
    """
    import torch
    from transformers import AutoModelForCausalLM

    _attention.register()
    place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    kind = _best_dtype(place) if dtype == "auto" else getattr(torch, dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            checkpoint, dtype=kind, attn_implementation=_attention.IMPLEMENTATION
        )
    except (OSError, ValueError) as error:
        raise PolicyError(f"The checkpoint {checkpoint} cannot be loaded: {error}") from error
    model.to(place).eval().requires_grad_(requires_grad=False)
    with torch.inference_mode():  # an unsuitable kind of attention shows here, before anything is spent
        model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=place), use_cache=False)
    return model


def _best_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where it is computed in hardware; elsewhere it is emulated, ten times slower than float32."""
    import torch

    if device.type != "cpu":
        return torch.bfloat16
    # Private names, so their absence means no more than float32.
    probes = [getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")]
    return torch.bfloat16 if any(probe() for probe in probes if probe) else torch.float32


def take_over(model: Any, checkpoint: Path) -> None:
    """Copy the weights of a checkpoint into the model, in the model's own type; a tied output layer follows its twin.

    Raises:
        PolicyError: the checkpoint lacks weights of this model, has others, or has them in other shapes.
    """
    from safetensors.torch import load_file

    files = sorted(checkpoint.glob("*.safetensors"))
    weights = {name: tensor for file in files for name, tensor in load_file(file).items()}
    own = model.state_dict()
    reached = {own[name].data_ptr() for name in weights if name in own}
    missing = [name for name, tensor in own.items() if tensor.data_ptr() not in reached]
    foreign = [name for name in weights if name not in own or own[name].shape != weights[name].shape]
    if missing or foreign:
        raise PolicyError(
            f"The checkpoint {checkpoint} does not fit the loaded model: it lacks {missing[:3]} and has {foreign[:3]} "
            "too many or in other shapes. Save the whole model with transformers' save_pretrained, adapters merged."
        )
    model.load_state_dict(weights, strict=False)
