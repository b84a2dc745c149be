"""Tables of content: one text file each in `content/`, with a section per split, so that a split sees only its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import get_args

from gameable import EnvironmentFault, Split

Rows = tuple[tuple[str, ...], ...]


@cache
def table(name: str, columns: int) -> Mapping[Split, Rows]:
    """Return the rows of `content/NAME.txt` by split: cells between ` | `, lines that begin with `#` left out.

    Raises:
        EnvironmentFault: a row has another number of cells, or a split has no rows.
    """
    rows: dict[str, list[tuple[str, ...]]] = {split: [] for split in get_args(Split)}
    section = ""
    source = files(__package__).joinpath("content", f"{name}.txt")
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            section = line.strip("[] ")
        elif line.strip() and not line.startswith("#"):
            rows[section].append(_cells(line, columns, f"{source}:{number}"))
    if not all(rows.values()):
        raise EnvironmentFault(f"{source} needs rows under [train] and [eval]")
    return {"train": tuple(rows["train"]), "eval": tuple(rows["eval"])}


def _cells(line: str, columns: int, place: str) -> tuple[str, ...]:
    cells = tuple(cell.strip() for cell in line.split("|"))
    if len(cells) != columns:
        raise EnvironmentFault(f"{place} has {len(cells)} cells, wanted {columns} separated by ' | '")
    return cells
