"""The judge that reads the hidden chain of thought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gameable import ActionsView, TranscriptView
from gameable_oversight.monitors._judge import Judge


@dataclass
class CotJudge(Judge):
    """Asks a language model about the whole turn, hidden thought included."""

    access: ClassVar[Literal["transcript"]] = "transcript"

    def record(self, view: ActionsView) -> str:
        """Return the turn as it happened."""
        assert isinstance(view, TranscriptView)
        return view.transcript
