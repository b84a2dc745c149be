"""How many parameters a model has, without loading it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path

_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters of a model."""

    parameters: float
    source: str
    """Where the number comes from."""


def size_of(name: str, folder: Path | None) -> Size | None:
    """Count parameters in the files of a model, or take the number in its name: 135M, 7B."""
    if folder and (counted := parameters(folder)):
        return Size(counted, f"counted in {folder}")
    found = _SIZE.search(Path(name).name)
    if found is None:
        return None
    return Size(float(found[1]) * (1e9 if found[2] in "bB" else 1e6), f"by the name {name}")


def parameters(folder: Path) -> int:
    """Count the numbers in the weights of a folder, by the headers of its safetensors files; 0 where there are none."""
    return sum(_numbers(file) for file in sorted(folder.glob("*.safetensors")))


def _numbers(file: Path) -> int:
    """Read one header: eight bytes that hold its length, then JSON of name to dtype, shape and place."""
    with file.open("rb") as opened:
        header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
    return sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
