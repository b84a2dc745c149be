"""The same judge without the hidden chain of thought: what it loses tells what reading thoughts is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gameable import ActionsView, VisibleView
from gameable_oversight.monitors._judge import Judge


@dataclass
class ActionJudge(Judge):
    """Asks a language model about the visible turn: commands, their output, and what is said to the user."""

    access: ClassVar[Literal["visible"]] = "visible"

    def record(self, view: ActionsView) -> str:
        """Return the turn as its reader sees it."""
        assert isinstance(view, VisibleView)
        return view.reply
