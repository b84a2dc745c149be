"""Code blocks of Markdown files, for tests that run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(file for part in ("docs", "examples", "changes", "core") for file in sorted((ROOT / part).rglob("*.md"))),
]


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    file: Path
    line: int
    language: str
    """Its first word after the fence; empty without one."""
    title: str
    """The name of a file that it is to be saved as; empty without one."""
    text: str

    def __str__(self) -> str:
        """Say where it stands."""
        return f"{self.file.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its lines as typed into a shell, without comments and what the shell answers."""
        lines = [line.partition("  #")[0].strip() for line in self.text.splitlines()]
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return prompted or [line for line in lines if line and not line.startswith("#")]


def blocks(file: Path) -> list[Block]:
    """Return every block of a document, in order; blocks inside of lists count too."""
    found = []
    for token in MarkdownIt().parse(file.read_text(encoding="utf-8")):
        if token.type == "fence":
            language, _, rest = token.info.strip().partition(" ")
            title = rest.removeprefix('title="').removesuffix('"')
            found.append(Block(file, (token.map or [0])[0] + 1, language, title, token.content))
    return found
