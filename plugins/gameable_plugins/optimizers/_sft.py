"""TRL's `SFTTrainer` on rows of tokens and labels: in an order that can be taken up again, and quick on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase
    from trl import SFTTrainer

IGNORED = -100
"""The label that carries no loss, by torch's convention."""


def trainer(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    config: Mapping[str, Any],
    rows: Sequence[Mapping[str, Sequence[int]]],
    batch_size: int,
) -> SFTTrainer:
    """Return a trainer over `rows` (`input_ids` and `labels`), like lengths together in batches of `batch_size`."""
    import torch
    import trl
    from datasets import Dataset

    # TRL's own loss projects the trained positions only on GPUs (1.16); on a CPU ours is the quicker.
    base = trl.SFTTrainer if torch.cuda.is_available() else cpu_trainer()
    return _in_order(base, [len(row["input_ids"]) for row in rows], batch_size)(
        model=model,
        args=trl.SFTConfig(
            **config,
            dataset_kwargs={"skip_prepare_dataset": True},  # the rows are ready: tokens and labels
        ),
        train_dataset=Dataset.from_list(list(rows)),
        processing_class=tokenizer,
    )


def _in_order(base: type[SFTTrainer], lengths: Sequence[int], batch_size: int) -> type[SFTTrainer]:
    """Have a trainer draw the order of an epoch's rows from seed and epoch alone.

    Transformers' own sampler draws from the global random state and for the batch of one process, so the order would
    be another one in a resumed epoch and for another number of processes.
    """
    from torch.utils.data import Sampler

    class Order(Sampler):  # type: ignore[type-arg]  # a list of indices
        def __init__(self, seed: Callable[[], int]) -> None:
            self._seed = seed

        def __len__(self) -> int:
            return len(lengths)

        def __iter__(self) -> Iterator[int]:
            import torch
            from transformers.trainer_pt_utils import get_length_grouped_indices

            generator = torch.Generator().manual_seed(self._seed())
            return iter(get_length_grouped_indices(lengths, batch_size, generator=generator))

    class OrderedTrainer(base):  # type: ignore[misc]  # TRL has no types
        def _get_train_sampler(self, *_: object) -> Order:
            return Order(lambda: Random(f"{self.args.seed}/{int(self.state.epoch)}").getrandbits(63))

    return OrderedTrainer


def cpu_trainer() -> type[SFTTrainer]:
    """Return the kind of trainer that wastes no time on a CPU."""
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class TrainedPositionsTrainer(SFTTrainer):  # type: ignore[misc]  # TRL has no types
        """Projects onto the vocabulary only where some row of the batch carries loss; the loss is TRL's, token mean."""

        def compute_loss(
            self,
            model: Any,
            inputs: Mapping[str, torch.Tensor],
            return_outputs: bool = False,
            num_items_in_batch: torch.Tensor | int | None = None,
        ) -> torch.Tensor:
            assert not return_outputs  # only evaluation asks for them
            targets = inputs["labels"][:, 1:]
            columns = (targets != IGNORED).any(dim=0).nonzero()[:, 0]
            output = model(**{**inputs, "labels": None}, logits_to_keep=columns, use_cache=False)
            logits = output.logits.flatten(0, 1).float()
            wanted = targets[:, columns].flatten()
            total = cross_entropy(logits, wanted, ignore_index=IGNORED, reduction="sum")
            if num_items_in_batch is None:
                return total / (wanted != IGNORED).sum()
            # Processes average their gradients, and the count of trained tokens is that of all of them together.
            share: torch.Tensor = total * self.accelerator.num_processes / num_items_in_batch
            return share

    return TrainedPositionsTrainer
