"""Names what to install when a library is missing: which of gameable's own extras brings it."""

from __future__ import annotations

from importlib.metadata import requires

from packaging.requirements import Requirement


def install_line(module: str) -> str:
    """Return the command that brings a module: the first extra that names it, else the module's own name."""
    name = module.partition(".")[0]
    for line in requires("gameable") or ():
        needed = Requirement(line)
        extra = _extra(needed)
        if extra and needed.name.replace("-", "_") == name:
            return f"Type: pip install 'gameable[{extra}]'"
    return f"Type: pip install {name}"


def brings(module: str) -> bool:
    """Whether one of gameable's extras brings this module: what lacks it is no fault, only not installed."""
    return "gameable[" in install_line(module)


def _extra(needed: Requirement) -> str:
    """Return the extra that a requirement belongs to; empty for what every installation has."""
    _, _, extra = str(needed.marker or "").partition("extra == ")
    return extra.strip("\"' ")
