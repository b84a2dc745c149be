"""The page of a report: what it needs to be made, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gameable import PluginError
from gameable.runfolder import whole
from gameable_plugins.reports import _summary

NAME = "report.html"
"""What a report is called in the folder that it is about."""


def check_libraries() -> None:
    """See that the libraries are here that a report needs beside the core's.

    Raises:
        PluginError: one is not.
    """
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise PluginError(f"The HTML report needs {' and '.join(missing)}: type `pip install 'gameable[view]'`.")


def save(folder: Path, template: str, content: Mapping[str, Any]) -> Path:
    """Write a report into the folder that it is about, whole or not at all, and return where it lies.

    Raises:
        StoreError: the folder cannot be written.
    """
    from gameable_plugins.reports._rendering import environment, render

    page = render(environment("gameable_plugins.reports", {"duration": _summary.duration}), template, content)
    target = folder / NAME
    with whole(target) as draft:
        draft.write_text(page, encoding="utf-8")
    return target
