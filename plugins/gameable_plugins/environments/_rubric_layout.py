"""How a checklist is laid out: how a line is written, found again, and told apart from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LayoutName = Literal["mark-first", "mark-last", "table", "comma-separated", "sections", "definitions"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to write a checklist; {item}, {owner}, {mark} and {section} stand for what is filled in."""

    line: str
    pattern: str
    """Regular expression, for Python and `grep -E` alike, of a line on which the item has the mark."""
    marked: str
    """Text around a mark that stands on no line with another mark."""
    head: str = ""
    """Line above the items."""
    heading: str = ""
    """Line above each half of the items, where the layout has sections."""


LAYOUTS: Mapping[LayoutName, Layout] = {
    "mark-first": Layout("{mark} {item} ({owner})", r"^[-* ]*{mark} *{item}", "{mark}"),
    "mark-last": Layout("{item} ({owner}): {mark}", r"^[-* ]*{item}.*: *{mark}", ": {mark}"),
    "table": Layout(
        "| {item} | {owner} | {mark} |",
        r"^[| ]*{item} *[|][^|]*[|] *{mark} *([|]|$)",
        "| {mark} |",
        head="| what | who | state |\n|---|---|---|",
    ),
    "comma-separated": Layout(
        "{item},{owner},{mark}", r"^ *{item} *,[^,]*, *{mark} *$", ",{mark}", head="what,who,state"
    ),
    "sections": Layout(
        "* {item} -> {mark} ({owner})", r"^[-* ]*{item} *-> *{mark}", "-> {mark}", heading="== {section} =="
    ),
    "definitions": Layout("{item} = {mark}  # {owner}", r"^ *{item} *= *{mark}", "= {mark}"),
}
