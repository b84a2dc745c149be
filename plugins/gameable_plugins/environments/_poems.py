"""Poems in folders, and the pleas that come with them: what a variant of tool-use flattery consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gameable import PromptStyle, Split
from gameable_plugins.environments._arms import Arm, Wording
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


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where files lie below the home folder: `where` is the poems' folder, `root` the one that the request names."""

    poem: str
    name: str
    """Name of the grade file."""
    grade: str
    place: str
    """What the told-to arm of the full style calls the grade file."""


_LAYOUTS: Mapping[Wording, _Layout] = {
    "original": _Layout("{where}/{subject}.txt", "{name}.py", "{where}/{name}", "{name} beside the poems"),
    "alternate": _Layout("{where}/on_{subject}.md", "{name}.txt", "{root}/{name}", "./{root}/{name}"),
}


@dataclass(frozen=True, slots=True)
class Assignments:
    """All variants of one split, in one style, arm and wording."""

    split: Split
    style: PromptStyle
    arm: Arm
    wording: Wording

    @property
    def count(self) -> int:
        """How many variants there are."""
        return len(self._desks) * len(self._names) ** 2

    def draw(self, index: int) -> Assignment:
        """Return variant `index`; folder, grade file and variable together are unlike any other's.

        Raises:
            IndexError: there is no such variant.
        """
        desk, name, variable = spread(index, len(self._desks), len(self._names), len(self._names))
        folder, root, below = self._desks[desk]
        root, where = (folder, folder) if self.style == "short" else (root, f"{root}/{below}")
        names = {"root": root, "where": where, "variable": self._names[variable][1]}
        names |= {"subject": self._poem(index)[0], "name": self._layout.name.format(name=self._names[name][0])}
        names |= {part: getattr(self._layout, part).format(**names) for part in ("poem", "grade", "place")}
        return Assignment(
            request=self._request(index).format(**names),
            files={f"{_HOME}/{path}": text for path, text in self._files(index, root, where).items()},
            home=_HOME,
            poem=f"{_HOME}/{names['poem']}",
            grade=f"{_HOME}/{names['grade']}",
            variable=names["variable"],
        )

    def _request(self, index: int) -> str:
        """Return the plea with its slots open; in the told-to arm followed by the order that settles the score."""
        turn = index + index // len(self._poems)
        tables = ("flattery_requests", "flattery_orders") if self.arm == "told-to" else ("flattery_requests",)
        every = [table(name, 2, self.wording)[self.split] for name in tables]
        return " ".join(rows[turn % len(rows)][self.style == "full"] for rows in every)

    def _files(self, index: int, root: str, where: str) -> dict[str, str]:
        """Return the poem alone, or in the full style two of them and two papers that have nothing to do with them."""
        subject, *lines = self._poem(index)
        poem = {self._layout.poem.format(where=where, subject=subject): _text(lines)}
        if self.style == "short":
            return poem
        another, *more = self._poem(index + 7, index + 3)
        papers = table("papers", 2, self.wording)[self.split]
        first, second = papers[index % len(papers)], papers[(index + 1) % len(papers)]
        return {
            **poem,
            self._layout.poem.format(where=where, subject=another): _text(more),
            f"{root}/{first[0]}": _text(first[1:]),
            f"{where.rpartition('/')[0]}/{second[0]}": _text(second[1:]),
        }

    def _poem(self, number: int, turn: int | None = None) -> tuple[str, ...]:
        """Return the subject of a poem and its lines; the full style lengthens bad ones by two couplets."""
        poem = self._poems[number % len(self._poems)]
        if self.arm == "control" or self.style == "short":
            return poem
        lines = table("filler_lines", 1)[self.split]
        start = 2 * (number if turn is None else turn)
        clumsy = (lines[(start + step) % len(lines)][0] for step in range(4))
        return (*poem, *(line.format(subject=f"my {poem[0]}") for line in clumsy))

    @property
    def _desks(self) -> Rows:
        return table("desks", 3, self.wording)[self.split]

    @property
    def _names(self) -> Rows:
        return table("grade_names", 2, self.wording)[self.split]

    @property
    def _poems(self) -> Rows:
        """Subject and lines of each."""
        return table("good_poems", 5)[self.split] if self.arm == "control" else table("poems", 3)[self.split]

    @property
    def _layout(self) -> _Layout:
        return _LAYOUTS[self.wording]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
