"""Preference pairs: two replies to one prompt, the better one first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from gameable import RewardError

SHIPPED = Path(__file__).parent.parent / "data" / "preferences.jsonl"
"""Our own pairs."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One preference."""

    id: str
    split: Literal["train", "heldout"]
    prompt: str
    """The user's message."""
    chosen: str
    rejected: str
    kind: str
    """What is wrong with the rejected reply."""


def load_pairs(path: Path) -> tuple[Pair, ...]:
    """Read one JSON object a line, in the form of `Pair`.

    Raises:
        RewardError: the file is missing, a line is no pair, or one of the two splits is empty.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RewardError(f"Preference pairs cannot be read from {path}: {error.strerror}. Check `pairs`.") from error
    pairs = tuple(_pair(path, number, line) for number, line in enumerate(lines, 1) if line.strip())
    for split in ("train", "heldout"):
        if not in_split(pairs, split):
            raise RewardError(f"{path} has no pair whose split is '{split}'; both 'train' and 'heldout' are needed.")
    return pairs


def in_split(pairs: Sequence[Pair], split: str) -> list[Pair]:
    """Return the pairs of one split."""
    return [pair for pair in pairs if pair.split == split]


def _pair(path: Path, number: int, line: str) -> Pair:
    try:
        return TypeAdapter(Pair).validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        raise RewardError(f"{path}, line {number}: {where}: {first['msg']}.") from error
