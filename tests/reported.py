"""Reports as a browser would take them, as far as the tests need it."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """Tags, text, and what stands in cells, summaries, headings and before stretches of an episode."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.summaries: list[str] = []
        self.headings: list[str] = []
        self.authors: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "input", "br"}:
            self._open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")
        if tag == "summary":
            self.summaries.append("")
        if tag in _HEADINGS:
            self.headings.append("")
        if tag == "b" and "div" in self._open and "td" not in self._open:
            self.authors.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text += data
        if "td" in self._open or "th" in self._open:
            self.cells[-1] += data
        if "summary" in self._open:
            self.summaries[-1] += data
        if _HEADINGS & set(self._open):
            self.headings[-1] += data
        if self._open[-1:] == ["b"] and "td" not in self._open:
            self.authors[-1] += data


def page(folder: Path) -> Page:
    """Read the report in a folder."""
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def prose(folder: Path) -> str:
    """Return its text with single spaces."""
    return " ".join(page(folder).text.split())


def section(folder: Path, heading: str) -> str:
    """Return the text of one section, cells apart."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    found = text.partition(f"<h2>{heading}")[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def drawn(address: str) -> str:
    """Return the text of a picture, which matplotlib keeps in comments beside its outlines."""
    picture = base64.b64decode(address.partition("base64,")[2]).decode()
    return " ".join(re.findall(r"<!-- (.*?) -->", picture))


_HEADINGS = {"h1", "h2", "h3", "h4"}
