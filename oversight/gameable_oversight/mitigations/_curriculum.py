"""What mitigations ask of a finished run: which environments came early, and how it fine-tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gameable import Profile, Stage

_EARLY = 2
"""Environments that count as early, where gaming is easy to see; Denison et al. 2024 train it away in the first two."""
_MEMORY = ("micro_batch_size", "lora_rank", "gradient_checkpointing", "max_tokens", "frozen_layers", "accelerate")
"""Options that all optimizers share and that decide whether a model fits the machine."""
SFT = "expert-iteration"


def early(profile: Profile, named: Sequence[str] | None) -> list[str]:
    """Return the early environments: those that are named, or the first two that the run trained on.

    Raises:
        ValueError: the run trained on none of those that are named.
    """
    trained = list(dict.fromkeys(name for stage in profile.stages for name in stage.environments))
    missing = set(named or ()) - set(trained)
    if missing:
        raise ValueError(f"it did not train on {', '.join(sorted(missing))}, but on {', '.join(trained)}.")
    return list(named or trained[:_EARLY])


def early_stages(profile: Profile, environments: Sequence[str]) -> list[Stage]:
    """Return the stages that trained on these environments, cut down to these."""
    stages = [(stage, [name for name in stage.environments if name in environments]) for stage in profile.stages]
    return [stage.model_copy(update={"environments": names}) for stage, names in stages if names]


def fine_tuning(stage: Stage, **options: Any) -> dict[str, Any]:
    """Return supervised fine-tuning as the stage did it, or, after another optimizer, with what keeps it in memory."""
    known = stage.optimizer.options
    kept = known if stage.optimizer.use == SFT else {name: known[name] for name in _MEMORY if name in known}
    return {"use": SFT, **kept, **options}
