"""Turns content into pages: everything is escaped, nothing may be missing, and no character stays unseen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gameable import Measured, Score
from gameable_plugins.reports._showable import showable


def render(template: str, content: Mapping[str, Any]) -> str:
    """Return the page."""
    return showable(_environment().get_template(f"{template}.html.j2").render(content))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gameable_plugins.reports.viewer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["score"] = _score
    made.filters["note"] = _note
    return made


def _score(score: Score | None) -> str:
    if score is None:
        return ""
    return f"{score.value:.3g}" if isinstance(score, Measured) else "unscored"


def _note(score: Score) -> str:
    return score.detail if isinstance(score, Measured) else score.reason
