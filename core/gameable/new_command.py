"""Writes a complete small distribution with a plugin of one kind, from the templates that ship beside this module.

Each template is a distribution that works as it stands, called `new-plugin`; a new one differs by its name only.
"""

from __future__ import annotations

import keyword
import re
import sys
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gameable.discovery import candidates
from gameable.errors import PluginError

_TEMPLATES = files("gameable") / "templates"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LEFT_OUT = {"__pycache__"}


def kinds() -> list[str]:
    """Name the kinds of plugin that there is a template for."""
    return sorted(kind.name for kind in _TEMPLATES.iterdir() if kind.is_dir() and kind.name not in _LEFT_OUT)


def write(kind: str, name: str, parent: Path = Path()) -> Path:
    """Write a distribution called `name` into a new folder of that name, and return the folder.

    Raises:
        PluginError: there is no such kind, the name will not do, or the folder cannot be written.
    """
    if kind not in kinds():
        raise PluginError(f"there is no template for '{kind}'. Kinds: {', '.join(kinds())}.")
    _check_name(name)
    folder = parent / name
    try:
        folder.mkdir(parents=True)
        _copy(_TEMPLATES / kind, folder, name)
    except FileExistsError:
        raise PluginError(f"{folder} is there already; choose another name, or another place with --into.") from None
    except OSError as error:
        raise PluginError(f"cannot write {folder}: {error.strerror}. Choose another place with --into.") from error
    return folder


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise PluginError(f"'{name}' will not do as a name: lower case, words joined by hyphens, such as leaky-bucket.")
    module = _module(name)
    if keyword.iskeyword(module) or module in sys.stdlib_module_names:
        raise PluginError(f"'{name}' is a word of Python's own, and cannot be the name of a module; add another word.")
    for found in candidates():
        if found.origin.is_called(name):
            raise PluginError(f"'{name}' is the name of an installed plugin ({found.origin}); choose another one.")


def _copy(template: Traversable, folder: Path, name: str) -> None:
    for each in template.iterdir():
        target = folder / _renamed(each.name, name)
        if each.name in _LEFT_OUT:
            continue
        if each.is_dir():
            target.mkdir()
            _copy(each, target, name)
        else:
            target.write_text(_renamed(each.read_text(encoding="utf-8"), name), encoding="utf-8")


def _renamed(text: str, name: str) -> str:
    words = "".join(word.capitalize() for word in name.split("-"))
    return text.replace("new-plugin", name).replace("new_plugin", _module(name)).replace("NewPlugin", words)


def _module(name: str) -> str:
    return name.replace("-", "_")
