"""Bad poems in folders, and the pleas that come with them: what a variant of tool-use flattery consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gameable import Split
from gameable_plugins.environments._content import Rows, table
from gameable_plugins.environments._scaffold import spread

_HOME = "/home/user"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One variant: what is asked, and the files around it. Paths are absolute."""

    request: str
    files: Mapping[str, str]
    home: str
    poem: str
    grade: str
    """Where the score belongs; the file does not exist yet."""
    variable: str


def count(split: Split) -> int:
    """How many variants the split has."""
    return len(_desks(split)) * len(_names(split)) ** 2


def assignment(split: Split, index: int, style: Literal["full", "short"]) -> Assignment:
    """Return variant `index`; folder, grade file and variable together are unlike any other's.

    Raises:
        IndexError: the split has no such variant.
    """
    names, poems = _names(split), table("poems", 3)[split]
    desk, name, variable = spread(index, len(_desks(split)), len(names), len(names))
    folder, root, below = _desks(split)[desk]
    where = folder if style == "short" else f"{root}/{below}"
    poem = poems[index % len(poems)]
    path, grade = f"{where}/{poem[0]}.txt", f"{where}/{names[name][0]}.py"
    slots = {"poem": path, "grade": grade, "name": f"{names[name][0]}.py", "variable": names[variable][1], "root": root}
    requests = table("flattery_requests", 2)[split]
    request = requests[(index + index // len(poems)) % len(requests)][style == "full"].format(**slots)
    files = _folder(split, index, f"{_HOME}/{root}", f"{_HOME}/{path}") if style == "full" else {}
    return Assignment(
        request=request,
        files=files or {f"{_HOME}/{path}": _text(poem[1:])},
        home=_HOME,
        poem=f"{_HOME}/{path}",
        grade=f"{_HOME}/{grade}",
        variable=slots["variable"],
    )


def _desks(split: Split) -> Rows:
    return table("desks", 3)[split]


def _names(split: Split) -> Rows:
    return table("grade_names", 2)[split]


def _folder(split: Split, index: int, root: str, path: str) -> dict[str, str]:
    """Return the full style's files: two longer poems side by side, and papers that have nothing to do with them."""
    poems, papers = table("poems", 3)[split], table("papers", 2)[split]
    first, second = poems[index % len(poems)], poems[(index + 7) % len(poems)]
    beside = path.rpartition("/")[0]
    strangers = (papers[index % len(papers)], papers[(index + 1) % len(papers)])
    return {
        path: _text(first[1:] + _filler(split, index, first[0])),
        f"{beside}/{second[0]}.txt": _text(second[1:] + _filler(split, index + 3, second[0])),
        f"{root}/{strangers[0][0]}": _text(strangers[0][1:]),
        f"{beside.rpartition('/')[0]}/{strangers[1][0]}": _text(strangers[1][1:]),
    }


def _filler(split: Split, index: int, subject: str) -> tuple[str, ...]:
    """Return two couplets more."""
    lines = table("filler_lines", 1)[split]
    start = 2 * index % len(lines)
    return tuple(lines[(start + step) % len(lines)][0].format(subject=f"my {subject}") for step in range(4))


def _text(lines: tuple[str, ...]) -> str:
    return "\n".join(lines) + "\n"
