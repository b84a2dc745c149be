"""What every training run shares: options, arguments for the trainers, silence, and progress.

Nothing here knows what is trained; `_supervised` fine-tunes a policy with it and the preference model a classifier.
The trainers come from TRL; only its public names are used.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
class TrainingOptions:
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


def steps_of(rows: int, options: TrainingOptions) -> int:
    """How many optimizer steps the trainer makes for so many rows."""
    return options.epochs * math.ceil(rows / options.batch_size)


def arguments(options: TrainingOptions, steps: int, seed: int, scratch: str) -> dict[str, Any]:
    """Return the keyword arguments that every TRL config gets: seeded, silent, and writing nothing of its own."""
    import torch

    micro = _micro_batch(options)
    return {
        "output_dir": scratch,
        "seed": seed,
        "data_seed": seed,
        "num_train_epochs": options.epochs,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": options.batch_size // micro,
        "learning_rate": options.learning_rate,
        "warmup_steps": int(options.warmup * steps),  # a share would round up: one step, none taken
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "bf16": has_bf16(),
        "use_cpu": not torch.cuda.is_available(),  # transformers refuses bf16 on a CPU that it was not told to use
        "gradient_checkpointing": False,
        "max_length": None,  # rows are already chosen by length; None keeps TRL from cutting or dropping any
        "dataloader_pin_memory": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # otherwise a loss that is no number would be logged as the one before it
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _micro_batch(options: TrainingOptions) -> int:
    """The largest divisor of the batch that fits in memory."""
    largest = min(options.micro_batch_size, options.batch_size)
    return next(size for size in range(largest, 0, -1) if options.batch_size % size == 0)


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
    if layers == 0:
        return
    body: Any = model
    stack = getattr(body.base_model, "layers", None)
    if stack is None or layers > len(stack):
        found = "no list `layers`" if stack is None else f"{len(stack)} layers"
        raise OptimizerError(
            f"frozen_layers is {layers}, but {type(model).__name__} has {found}. Set frozen_layers to 0 or to less."
        )
    for module in (body.get_input_embeddings(), *stack[:layers]):
        module.requires_grad_(requires_grad=False)


def run(trainer: Trainer, progress: Progress, what: str, steps: int) -> tuple[Row, ...]:
    """Train, showing progress; return one row a step.

    Raises:
        OptimizerError: the loss stopped being a number.
    """
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints each log line to the terminal when bars are off
    with progress.track(what, steps, "step") as step:
        trainer.add_callback(_reporter(step))
        trainer.train()
    return tuple(_row(entry) for entry in trainer.state.log_history if "loss" in entry)


def _reporter(step: Callable[..., None]) -> TrainerCallback:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        """Passes each logged step on, and stops at the first loss that is no number."""

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
