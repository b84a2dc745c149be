"""The embedded sandbox by name, for plugin authors: no other plugin is imported for it."""

from __future__ import annotations

from typing import Any

from gameable.check_command import default_sandbox
from gameable.contracts import Sandbox
from gameable.discovery import candidates
from gameable.plugins import Plugins


def embedded_sandbox(**options: Any) -> Sandbox:
    """Make the sandbox that profiles use unless they name another, to test in or to build upon.

    Raises:
        PluginError: it has no such options.
    """
    others = [each.origin.entry_point for each in candidates() if each.origin.distribution != "gameable"]
    return Plugins(block=others).sandbox(default_sandbox(), options)
