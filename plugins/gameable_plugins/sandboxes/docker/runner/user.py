"""The agent, whose commands run here, and the few moments in which process 1 acts in its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

USER = 10001
"""Number of the agent and of its group."""


@contextmanager
def as_user() -> Iterator[None]:
    """Touch files with the agent's rights alone while the block runs; no other process may live meanwhile."""
    os.setegid(USER)
    os.seteuid(USER)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
