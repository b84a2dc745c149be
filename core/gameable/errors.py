"""The error model: one small exception a boundary.

1. A `GameableError` is a message for the person at the terminal: what was wanted, where we looked, what to type next.
   The command line prints it without a traceback and exits with status 2.
2. Plugin code raises plain Python errors; whoever calls it at a boundary turns them into the boundary's error.
3. A bad episode is data, not a crash: what could not be measured becomes `Unscored`, never a number.
"""

from __future__ import annotations


class GameableError(Exception):
    """Something that the user can mend; the message says how."""


class ProfileError(GameableError):
    """A profile that cannot be run as written."""


class PluginError(GameableError):
    """A plugin that is unknown, broken, or in conflict with another."""


class PolicyError(GameableError):
    """A model that cannot be found, loaded or sampled."""


class EnvironmentFault(GameableError):  # noqa: N818  EnvironmentError is a builtin with another meaning
    """An environment that broke its contract."""


class RewardError(GameableError):
    """A reward source that broke its contract or lacks what it needs."""


class MonitorError(GameableError):
    """A monitor that broke its contract or lacks what it needs."""


class OptimizerError(GameableError):
    """An update that could not be made."""


class SandboxError(GameableError):
    """A sandbox that could not be started or has died."""


class WorkerError(GameableError):
    """Workers on a cluster that cannot be reached, or die again and again."""


class StoreError(GameableError):
    """A run folder that cannot be read, written or resumed."""
