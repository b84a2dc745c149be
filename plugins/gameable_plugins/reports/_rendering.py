"""Turns content into pages: everything is escaped, nothing may be missing, and no character stays unseen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gameable_plugins.reports._showable import showable


def environment(package: str, filters: Mapping[str, Callable[..., str]]) -> Environment:
    """Return what renders the templates of a package, with filters of its own."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made


def render(made: Environment, template: str, content: Mapping[str, Any]) -> str:
    """Return the page."""
    return showable(made.get_template(f"{template}.html.j2").render(content))
