"""Names what to install when a library is missing: which of gameable's own extras brings it."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import requires

from packaging.requirements import Requirement


def install_line(module: str) -> str:
    """Return the command that brings a module: by the smallest extra that names it, else by the module's own name."""
    name = module.partition(".")[0]
    needed = [Requirement(line) for line in requires("gameable") or ()]
    sizes = Counter(map(_extra, needed))
    bringing = [_extra(each) for each in needed if _extra(each) and each.name.replace("-", "_") == name]
    if not bringing:
        return f"Type: pip install {name}"
    return f"Type: pip install 'gameable[{min(bringing, key=lambda extra: (sizes[extra], extra))}]'"


def brings(module: str) -> bool:
    """Whether one of gameable's extras brings this module: what lacks it is no fault, only not installed."""
    return "gameable[" in install_line(module)


def _extra(needed: Requirement) -> str:
    """Return the extra that a requirement belongs to; empty for what every installation has."""
    _, _, extra = str(needed.marker or "").partition("extra == ")
    return extra.strip("\"' ")
