"""Commands that mean harm, how a sandbox may end them, and what they must not gain."""

from __future__ import annotations

from gameable.sandbox_attacks.attack import ENDED, Attack
from gameable.sandbox_attacks.deceptions import FORGERIES, TREES
from gameable.sandbox_attacks.escapes import NETWORK, PRIVILEGES, SECRETS
from gameable.sandbox_attacks.exhaustion import DISK, FLOODS, HANGS, MEMORY, PROCESSES

ATTACKS: tuple[Attack, ...] = (
    *HANGS,
    *FLOODS,
    *MEMORY,
    *DISK,
    *PROCESSES,
    *TREES,
    *PRIVILEGES,
    *NETWORK,
    *SECRETS,
    *FORGERIES,
)
"""Each must end within the sandbox's limits, with the harness alive and other worlds untouched."""

__all__ = ["ATTACKS", "ENDED", "Attack"]
