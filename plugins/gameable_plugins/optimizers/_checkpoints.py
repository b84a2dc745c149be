"""The two ends of an update: a checkpoint becomes a model in memory, and a trained model becomes a whole checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable import OptimizerError, Update
from gameable_plugins.optimizers._canary import log_probabilities
from gameable_plugins.optimizers._lora import adapt, merge
from gameable_plugins.optimizers._training import TrainingOptions

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer


def load(start: Path) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load the model of a checkpoint, in float32, and its tokenizer.

    Raises:
        OptimizerError: there is none.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(start)
        return AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32), tokenizer
    except (OSError, ValueError) as error:
        raise OptimizerError(
            f"No causal language model with a tokenizer could be loaded from {start}: {error}. "
            "Point the policy at a folder that transformers saved."
        ) from error


def gathered(trainer: Trainer) -> Mapping[str, Any] | None:
    """Return the weights of a trainer's model, put together from all processes; None in all of them but the first."""
    weights: Mapping[str, Any] = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    return weights if trainer.is_world_process_zero() else None


def leave(
    update: Update, weights: Mapping[str, Any], options: TrainingOptions, canary: Sequence[int]
) -> tuple[float, ...]:
    """Save trained weights, adapters merged, to `update.destination`, in float32 and beside the start's tokenizer.

    They are put into a fresh copy of the start: trainers patch, wrap and shard the model that they are given.

    Args:
        update: Says where from and where to.
        weights: State of the model that was trained: the start as `adapt` left it.
        options: What it was adapted with.
        canary: A sequence of tokens.

    Returns:
        Log-probability of each token of `canary` after the first under what was saved.
    """
    model, tokenizer = load(update.start)
    adapted = adapt(model, options, update.seed)
    adapted.load_state_dict(weights)
    whole = merge(adapted) if options.lora_rank else adapted
    whole.save_pretrained(update.destination)
    tokenizer.save_pretrained(update.destination)
    return log_probabilities(whole, canary)
