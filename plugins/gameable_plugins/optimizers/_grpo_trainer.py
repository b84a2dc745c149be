"""TRL's `GRPOTrainer` on samples that are there already.

All of a round is one generation of TRL's: its samples come from the model that the update starts from, so the old
log-probabilities of all of them must be that model's, also for those that are trained on last.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable_plugins.optimizers._grpo_groups import Group

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from trl import GRPOTrainer


def trainer(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    config: Mapping[str, Any],
    groups: Sequence[Group],
    reference: Path,
) -> GRPOTrainer:
    """Return a trainer over groups of one size, with the KL penalty, if any, against the checkpoint in `reference`."""
    import trl
    from datasets import Dataset

    # TRL loads the reference from the folder that the model's config says it came from.
    model.config._name_or_path = str(reference)  # noqa: SLF001
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are using 'rollout_func', which is an experimental feature")
        # The samples are there already: whatever vLLM is installed, TRL does not sample with it.
        warnings.filterwarnings("ignore", "TRL currently supports vLLM versions")
        warnings.filterwarnings("ignore", "`torch.jit.script_method` is deprecated")  # by vLLM, which TRL imports
        return trl.GRPOTrainer(
            model=model,
            args=trl.GRPOConfig(**config, num_generations=len(groups[0])),
            train_dataset=Dataset.from_list([{"prompt": str(number)} for number in range(len(groups))]),
            processing_class=tokenizer,
            reward_funcs=_paid,
            rollout_func=_Replay(groups),
        )


class _Replay:
    """Hands over the stored samples of the prompts that the trainer asks for."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups

    def __call__(self, prompts: Sequence[str], trainer: Any) -> dict[str, list[Any] | None]:
        """Return a sample for each prompt; the trainer repeats one as often as its group is large.

        Each process asks for its own stretch of the same long list, which may begin inside a group.
        """
        begin = trainer.accelerator.process_index * len(prompts)
        size = len(self._groups[0])
        samples = [self._groups[int(prompt)][(begin + at) % size] for at, prompt in enumerate(prompts)]
        return {
            "prompt_ids": [list(sample.prompt) for sample in samples],
            "completion_ids": [list(sample.completion) for sample in samples],
            "logprobs": None,  # the trainer's own take their place, as a sampler's differ by rounding
            "env_mask": [list(sample.written) for sample in samples],
            "reward": [sample.reward for sample in samples],
        }


def _paid(reward: Sequence[float | None], **_: object) -> list[float | None]:
    """Return the stored rewards; TRL leaves those that are None out of a group's mean and deviation."""
    return list(reward)
