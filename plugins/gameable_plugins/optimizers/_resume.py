"""Checkpoints inside an update, so that a killed one goes on from where it was and ends with the same weights."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable import Progress
from gameable_plugins.optimizers._training import Row, run

if TYPE_CHECKING:
    from transformers import Trainer, TrainerCallback

SECONDS = 300.0
"""Between two checkpoints. One is three times the size of the weights and takes seconds to write, a few per cent of
this; a constant number of steps would be far too often for a big model, and too seldom for slow steps."""
_LAST_WRITTEN = "trainer_state.json"


def train(trainer: Trainer, progress: Progress, what: str, steps: int) -> tuple[Row, ...]:
    """Train, from the last checkpoint on if a killed update left one in the trainer's folder; return one row a step.

    Raises:
        OptimizerError: the loss stopped being a number.
    """
    trainer.create_model_card = lambda **_: None  # TRL would write one into each checkpoint
    trainer.add_callback(saver())
    return run(trainer, progress, what, steps, last_checkpoint(Path(trainer.args.output_dir)))


def last_checkpoint(folder: Path) -> Path | None:
    """Return the last complete checkpoint that transformers' trainer left in `folder`, and delete incomplete ones.

    The trainer writes its state last, so a checkpoint that lacks it, or the end of it, was cut short.
    """
    complete = {}
    for checkpoint in folder.glob("checkpoint-*"):
        if _is_whole(checkpoint / _LAST_WRITTEN):
            complete[int(re.sub(r"\D", "", checkpoint.name))] = checkpoint
        else:
            shutil.rmtree(checkpoint, ignore_errors=True)  # another process may be at it
    return complete[max(complete)] if complete else None


def _is_whole(state: Path) -> bool:
    try:
        json.loads(state.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True


def saver() -> TrainerCallback:
    """Return the callback that has a checkpoint written every so often, and none at the end, where none is needed."""
    from accelerate.utils import broadcast_object_list
    from transformers import TrainerCallback

    class Saver(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        saved = time.monotonic()

        def on_step_end(self, _args: object, state: Any, control: Any, **_: object) -> None:
            due = time.monotonic() - self.saved >= SECONDS and state.global_step < state.max_steps
            # Clocks differ and all processes must save together: the first one decides.
            control.should_save = broadcast_object_list([due])[0]

        def on_save(self, *_: object, **__: object) -> None:
            self.saved = time.monotonic()

    return Saver()
