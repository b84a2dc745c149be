"""Tables of content: one text file each in `content/`, with a section per split, so that a split sees only its own.

The alternate wording of a table stands under `[alternate-train]` and `[alternate-eval]` in the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from gameable import EnvironmentFault, Split
from gameable_plugins.environments._arms import Wording

Rows = tuple[tuple[str, ...], ...]

_PREFIXES: Mapping[Wording, str] = {"original": "", "alternate": "alternate-"}


@cache
def table(name: str, columns: int, wording: Wording = "original") -> Mapping[Split, Rows]:
    """Return the rows of `content/NAME.txt` by split: cells between ` | `, lines that begin with `#` left out.

    Raises:
        EnvironmentFault: a row has another number of cells, or a split has no rows in this wording.
    """
    sections, prefix = _sections(name, columns), _PREFIXES[wording]
    try:
        return {"train": sections[f"{prefix}train"], "eval": sections[f"{prefix}eval"]}
    except KeyError as missing:
        raise EnvironmentFault(f"content/{name}.txt has no rows under [{missing.args[0]}]") from missing


def _sections(name: str, columns: int) -> dict[str, Rows]:
    """Return every section that has rows."""
    sections: dict[str, Rows] = {}
    section = ""
    source = files(__package__).joinpath("content", f"{name}.txt")
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            section = line.strip("[] ")
        elif line.strip() and not line.startswith("#"):
            sections[section] = (*sections.get(section, ()), _cells(line, columns, f"{source}:{number}"))
    return sections


def _cells(line: str, columns: int, place: str) -> tuple[str, ...]:
    cells = tuple(cell.strip() for cell in line.split("|"))
    if len(cells) != columns:
        raise EnvironmentFault(f"{place} has {len(cells)} cells, wanted {columns} separated by ' | '")
    return cells
