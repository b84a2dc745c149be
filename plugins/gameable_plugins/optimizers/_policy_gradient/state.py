"""What outlives a round or a kill: the value head and Adam's moments between rounds, everything within one."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gameable_plugins.optimizers import _resume
from gameable_plugins.optimizers._actor import Actor
from gameable_plugins.optimizers._training import Row

_FILE = "state.safetensors"
_MOMENTS = "optimizer."
_PROGRESS = "progress.json"


def keep(folder: Path, actor: Actor, optimizer: Any) -> None:
    """Save the value head and, by the name of each parameter, Adam's moments into a new folder.

    Moments of adapters are left out: the next round begins with new ones.
    """
    state = {name: tensor for name, tensor in actor.state_dict().items() if name.startswith("value.")}
    for name, parameter in _trained(actor):
        moments = optimizer.state.get(parameter, {}) if "lora_" not in name else {}
        state |= {f"{_MOMENTS}{name}.{kind}": tensor for kind, tensor in moments.items()}
    folder.mkdir(parents=True)
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, folder / _FILE)


def restore(folder: Path, actor: Actor, optimizer: Any) -> None:
    """Load what an earlier round kept in `folder`, if any; parameters that were not trained then begin anew."""
    if not (folder / _FILE).exists():
        return
    state = load_file(folder / _FILE)
    if actor.value is not None:
        actor.value.load_state_dict({name: state[f"value.{name}"] for name in ("weight", "bias")})
    for name, parameter in _trained(actor):
        moments = _moments(state, name, parameter)
        if moments:
            optimizer.state[parameter] = moments


def _moments(state: dict[str, Tensor], name: str, parameter: nn.Parameter) -> dict[str, Tensor]:
    prefix = f"{_MOMENTS}{name}."
    found = {kind.removeprefix(prefix): tensor for kind, tensor in state.items() if kind.startswith(prefix)}
    # Adam counts its steps on the CPU.
    return {kind: tensor if kind == "step" else tensor.to(parameter.device) for kind, tensor in found.items()}


def _trained(actor: Actor) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, parameter) for name, parameter in actor.named_parameters() if parameter.requires_grad)


class Checkpoints:
    """Whole states of a running update, of which the last complete one is kept."""

    def __init__(self, folder: Path, accelerator: Accelerator) -> None:
        self._folder, self._accelerator = folder, accelerator
        self._saved = time.monotonic()

    def load(self) -> list[Row]:
        """Take up the last state, if there is one; return the rows of the steps that were made."""
        last = max(self._folder.glob("step-??????"), default=None)
        if last is None:
            return []
        self._accelerator.load_state(str(last))
        rows: list[Row] = json.loads((last / _PROGRESS).read_text())
        return rows

    def save_when_due(self, rows: list[Row]) -> None:
        """Save, if the last time is long enough ago by the first process's clock."""
        if not broadcast_object_list([time.monotonic() - self._saved >= _resume.SECONDS])[0]:
            return
        final = self._folder / f"step-{len(rows):06}"
        partial = final.with_suffix(".partial")
        # Safetensors would warn of tied embeddings at each save.
        self._accelerator.save_state(str(partial), safe_serialization=False)
        self._accelerator.wait_for_everyone()
        if self._accelerator.is_main_process:
            self._finish(partial, final, rows)
        self._accelerator.wait_for_everyone()
        self._saved = time.monotonic()

    def _finish(self, partial: Path, final: Path, rows: list[Row]) -> None:
        """Give the folder its name when it is complete, and only then delete the one before."""
        (partial / _PROGRESS).write_text(json.dumps(rows))
        earlier = list(self._folder.glob("step-??????"))
        partial.rename(final)
        for each in earlier:
            shutil.rmtree(each)
