"""The attention function that we give to transformers, so that keys and values are kept where we want them.

A model that was loaded with `IMPLEMENTATION` hands every layer's queries, keys and values to `attend`, and that to the
`Keeper` named in the call of the model. Without one, attention is plain and causal, which right padding cannot disturb.

Tensors of keys and values have the shape (2, heads, tokens, width) a layer: first keys, then values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gameable import PolicyError

if TYPE_CHECKING:
    from torch import Tensor

IMPLEMENTATION = "gameable"
"""Name under which `attend` is registered with transformers."""


class Keeper(Protocol):
    """Keeps the keys and values of one forward pass, and attends over what it has."""

    def length(self, new: int) -> int:
        """Return how many tokens the longest row has once `new` ones have come."""

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Take (batch, heads, new tokens, width) each; return the same shape as `query`."""


@dataclass(eq=False, slots=True)
class Prefix:
    """Tokens whose keys and values several rows share."""

    tokens: tuple[int, ...]
    layers: list[Tensor]


def register() -> None:
    """Make `IMPLEMENTATION` known to transformers."""
    from transformers import AttentionInterface

    AttentionInterface.register(IMPLEMENTATION, attend)


def attend(  # noqa: PLR0917  transformers calls it with these by position
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001  transformers makes no mask for an implementation that it does not know
    scaling: float | None = None,
    into: Keeper | None = None,
    sliding_window: int | None = None,
    **extras: Any,
) -> tuple[Tensor, None]:
    """Attend as transformers asks an attention function to; `into` comes with the call of the model.

    Raises:
        PolicyError: the model needs more than plain attention to everything before.
    """
    _refuse(sliding_window, into.length(query.shape[2]) if into else query.shape[2], extras)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if into is None:
        output = causal(query, key, value, scale)
    else:
        output = into.attend(module.layer_idx, query, key, value, scale)
    return output.transpose(1, 2).contiguous(), None


def _refuse(window: int | None, length: int, extras: Mapping[str, Any]) -> None:
    """Raise where plain attention would compute something else than the model means."""
    odd = [name for name in ("softcap", "s_aux") if extras.get(name) is not None]
    if window is not None and length > window:
        odd.append(f"a window of {window} tokens")
    if odd:
        raise PolicyError(
            f"This backend does plain full attention, and the model asks for {', '.join(odd)}. "
            "Take a model without it (Llama, SmolLM2, Qwen2.5 and many others), or shorter episodes."
        )


def causal(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attend to oneself and everything before."""
    import torch

    return torch.nn.functional.scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=scale, enable_gqa=query.shape[1] != key.shape[1]
    )


@dataclass(eq=False, slots=True)
class Capture:
    """Keeps keys and values of whole sequences, padded on the right."""

    layers: list[Tensor] = field(default_factory=list)
    """(2, batch, heads, tokens, width) each."""

    def length(self, new: int) -> int:
        """Everything comes at once."""
        return new

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Keep everything and attend causally."""
        import torch

        assert layer == len(self.layers), "layers run in order"
        self.layers.append(torch.stack((key, value)))
        return causal(query, key, value, scale)

    def row(self, index: int, length: int) -> list[Tensor]:
        """Return a copy of one row's keys and values without its padding."""
        return [layer[:, index, :, :length].clone() for layer in self.layers]
