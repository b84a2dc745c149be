"""Low-rank adapters (Hu et al. 2021) inside a model, or all of its weights: what is trained, and how it ends up whole.

Adapters are put into the model in place, so trainers and their checkpoints see an ordinary model.
"""

from __future__ import annotations

from typing import Any

from gameable import OptimizerError
from gameable_plugins.optimizers._training import TrainingOptions, freeze, lowest

_SCALE = 2
"""Adapters are scaled by alpha / rank; this common choice keeps the step size independent of the rank."""


def adapt(model: Any, options: TrainingOptions, seed: int) -> Any:
    """Make trainable what `options` want trained, in place, and return the model.

    That is all but the frozen layers, or adapters on every linear layer above them.

    Raises:
        OptimizerError: the model has fewer layers than are to be frozen, or none left to adapt.
    """
    if options.lora_rank == 0:
        freeze(model, options.frozen_layers)
        return model
    import peft
    from transformers import set_seed

    names = _adaptable(model, options.frozen_layers)
    config = peft.LoraConfig(r=options.lora_rank, lora_alpha=_SCALE * options.lora_rank, target_modules=names)
    set_seed(seed)  # the adapters are drawn at random
    return peft.inject_adapter_in_model(config, model)


def merge(model: Any) -> Any:
    """Add the adapters to the weights they belong to and take them out, in place; return the model."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            model.set_submodule(name, layer.get_base_layer())
    return model


def _adaptable(model: Any, frozen_layers: int) -> list[str]:
    from torch import nn

    apart = {each for part in lowest(model, frozen_layers) for each in part.modules()} | {model.get_output_embeddings()}
    names = [name for name, each in model.named_modules() if isinstance(each, nn.Linear) and each not in apart]
    if not names:
        raise OptimizerError(
            f"{type(model).__name__} has no linear layer to adapt above the {frozen_layers} frozen ones. Set "
            "frozen_layers to less, or lora_rank to 0."
        )
    return names
