"""What every training run shares: options, arguments for the trainers, silence, and progress.

Nothing here knows what is trained: optimizers train a policy with it, and the preference model a classifier.
The trainers come from TRL; only its public names are used.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gameable import OptimizerError, Progress

if TYPE_CHECKING:
    from torch import nn
    from transformers import Trainer, TrainerCallback

Row = Mapping[str, float | int | str]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


@dataclass
class DescentOptions:
    """Options of gradient descent (AdamW, linear decay), as a profile sets them."""

    learning_rate: Positive = 2e-4
    """Peak step size."""
    epochs: Count = 2
    """How often each row is seen."""
    batch_size: Count = 16
    """Rows behind one step."""
    micro_batch_size: Count = 4
    """Rows in memory at once, at most; the gradient is the same for every value, up to rounding."""
    warmup: Share = 0.1
    """Share of the steps over which the step size rises from zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay."""
    max_grad_norm: Positive = 1.0
    """Gradients longer than this are shortened to it."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """How many of the lowest transformer layers stay as they are, the embeddings with them; 0 trains everything."""
    max_tokens: Count = 2048
    """Longest row; what is longer is dropped and counted, never cut."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them: about a third slower, far less memory."""


@dataclass
class TrainingOptions(DescentOptions):
    """Options of every training of a policy."""

    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of the low-rank adapters (LoRA) that are trained in place of the weights and merged into them at the end; 0
    trains the weights themselves. Adapters want a larger learning rate."""
    accelerate: str = ""
    """Path of a configuration file of `accelerate` (processes, GPUs, FSDP, DeepSpeed) to launch the training with;
    empty trains in this process. The file says where to compute; what is computed stays the same."""


def steps_of(rows: int, options: DescentOptions) -> int:
    """How many optimizer steps the trainer makes for so many rows."""
    return options.epochs * math.ceil(rows / options.batch_size)


def arguments(options: DescentOptions, steps: int, seed: int, scratch: str) -> dict[str, Any]:
    """Return the keyword arguments that every TRL config gets: seeded, silent, and writing nothing of its own.

    Raises:
        OptimizerError: the batch cannot be shared equally by the processes.
    """
    import torch

    micro, accumulated = micro_batches(options)
    return {
        "output_dir": scratch,
        "seed": seed,
        "data_seed": seed,
        "num_train_epochs": options.epochs,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": accumulated,
        "learning_rate": options.learning_rate,
        "warmup_steps": int(options.warmup * steps),  # a share would round up: one step, none taken
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "bf16": has_bf16(),
        "use_cpu": not torch.cuda.is_available(),  # transformers refuses bf16 on a CPU that it was not told to use
        "gradient_checkpointing": options.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},  # the other kind needs inputs that carry gradient
        "max_length": None,  # rows are already chosen by length; None keeps TRL from cutting or dropping any
        "dataloader_pin_memory": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # otherwise a loss that is no number would be logged as the one before it
        "save_strategy": "no",
        "save_total_limit": 1,
        "report_to": "none",
        "disable_tqdm": True,
    }


def micro_batches(options: DescentOptions, divides: int = 0) -> tuple[int, int]:
    """Return how many rows a process holds at once, and how often it does so before a step.

    The first is the largest that fits, divides the process's share of the batch and, unless it is 0, `divides`; rows
    times times times processes make up `batch_size`.

    Raises:
        OptimizerError: the batch cannot be shared equally by the processes.
    """
    share, rest = divmod(options.batch_size, processes())
    if rest:
        raise OptimizerError(
            f"batch_size is {options.batch_size}, which {processes()} processes cannot share equally. Set it to a "
            f"multiple of {processes()}."
        )
    micro = next(n for n in range(min(options.micro_batch_size, share), 0, -1) if share % n == 0 and divides % n == 0)
    return micro, share // micro


def processes() -> int:
    """How many processes train together, by the convention of torch's launchers."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def has_bf16() -> bool:
    """Whether bfloat16 matrix products are native; CPUs without them emulate, many times slower than float32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    try:
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001  no public name
    except AttributeError:
        return False


def freeze(model: nn.Module, layers: int) -> None:
    """Exclude the embeddings and the lowest `layers` transformer layers from training.

    Raises:
        OptimizerError: the model has fewer layers, or keeps them where we do not know.
    """
    for module in lowest(model, layers):
        module.requires_grad_(requires_grad=False)


def lowest(model: nn.Module, layers: int) -> list[nn.Module]:
    """Return the embeddings and the lowest `layers` transformer layers; nothing for 0 layers.

    Raises:
        OptimizerError: the model has fewer layers, or keeps them where we do not know.
    """
    if layers == 0:
        return []
    body: Any = model
    stack = getattr(body.base_model, "layers", None)
    if stack is None or layers > len(stack):
        found = "no list `layers`" if stack is None else f"{len(stack)} layers"
        raise OptimizerError(
            f"frozen_layers is {layers}, but {type(model).__name__} has {found}. Set frozen_layers to 0 or to less."
        )
    return [body.get_input_embeddings(), *stack[:layers]]


def run(trainer: Trainer, progress: Progress, what: str, steps: int, checkpoint: Path | None = None) -> tuple[Row, ...]:
    """Train, from `checkpoint` on if there is one, showing progress; return one row a step, earlier ones included.

    Raises:
        OptimizerError: the loss stopped being a number.
    """
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints each log line to the terminal when bars are off
    with progress.track(what, steps, "step") as step:
        trainer.add_callback(_reporter(step))
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return tuple(_row(entry) for entry in trainer.state.log_history if "loss" in entry)


def _reporter(step: Callable[..., None]) -> TrainerCallback:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        """Passes each logged step on, and stops at the first loss that is no number."""

        def on_train_begin(self, _args: object, state: Any, _control: object, **_: object) -> None:
            if state.global_step:
                step(state.global_step)  # made before this process began

        def on_log(self, _args: object, _state: object, _control: object, *, logs: Row, **_: object) -> None:
            if "loss" not in logs:
                return
            loss = float(logs["loss"])
            if not math.isfinite(loss):
                raise OptimizerError(f"The loss became {loss}: training diverged. Lower learning_rate.")
            step(1, loss=loss)

    return Reporter()


def _row(entry: Row) -> Row:
    return {name: value for name, value in entry.items() if name not in ("epoch", "num_tokens")}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' bars, advice and telemetry away while the block runs; errors still raise.

    They speak of choices made here on purpose (a fresh score head, no report target), and their bars would break
    the live display.
    """
    from huggingface_hub import constants
    from transformers.utils import logging as hf

    verbosity, bars, telemetry = hf.get_verbosity(), hf.is_progress_bar_enabled(), constants.HF_HUB_DISABLE_TELEMETRY
    trl = logging.getLogger("trl")
    level = trl.level
    hf.set_verbosity_error()
    hf.disable_progress_bar()
    trl.setLevel(logging.ERROR)
    # TRL reports each trainer it builds to the Hub; a run of ours tells nobody.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY = telemetry
        trl.setLevel(level)
        hf.set_verbosity(verbosity)
        if bars:
            hf.enable_progress_bar()


@contextmanager
def scratch_memory() -> Iterator[None]:
    """Give the memory of the block's models back to the system at its end, for whoever samples in this process.

    Trainers are full of reference cycles, which wait for the collector; and glibc keeps what it was given back.
    """
    try:
        yield
    finally:
        gc.collect()
        _trim()


def _trim() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
