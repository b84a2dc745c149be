"""The pages of the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from gameable import Measured, Score
from gameable_plugins.reports import _rendering


def render(template: str, content: Mapping[str, Any]) -> str:
    """Return the page."""
    return _rendering.render(_environment(), template, content)


@cache
def _environment() -> Environment:
    return _rendering.environment("gameable_plugins.reports.viewer", {"score": _score, "note": _note})


def _score(score: Score | None) -> str:
    if score is None:
        return ""
    return f"{score.value:.3g}" if isinstance(score, Measured) else "unscored"


def _note(score: Score) -> str:
    return score.detail if isinstance(score, Measured) else score.reason
