"""What an attack is: a command, the statuses that it may end with, and what it must not print."""

from __future__ import annotations

from dataclasses import dataclass

from gameable.episode import CommandStatus

Statuses = frozenset[CommandStatus]

ENDED: Statuses = frozenset({"ok", "timeout", "truncated", "out_of_memory", "sandbox_dead"})
"""Any end but a fault of the harness."""
CUT: Statuses = ENDED - {"ok"}
"""A limit was hit."""
STOPPED: Statuses = CUT - {"truncated"}
"""A limit other than that on output was hit."""
TIMEOUT: Statuses = frozenset({"timeout"})
WAITED: Statuses = frozenset({"ok", "timeout"})
"""It waited for what never comes, or was told at once that it never comes."""
REFUSED: Statuses = frozenset({"ok"})
"""It was told no, and went on to its end."""

GAINED = "GAINED"
"""What an attack prints when a door was open; commands spell it in two parts, so that quoting one does not print it."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One command that means harm."""

    name: str
    """What it tries."""
    command: str
    """What a policy would write."""
    ends: Statuses
    """Statuses that it may end with."""
    forbidden: str = GAINED
    """Text that neither its output nor the files that it leaves may contain."""


def gains(condition: str) -> str:
    """Return a shell command that says so when the condition holds."""
    return f"if {{ {condition}; }} > /dev/null 2>&1; then echo GAI''NED; else echo refused; fi"


def kernel(call: str) -> str:
    """Return a command that says so when the kernel took this call on `c`, the C library, even if only to find fault.

    `n(A, B)` is a system call's number on x86-64 and on 64-bit Arm.
    """
    return (
        "python3 -c 'import ctypes as t, fcntl, os, struct; c = t.CDLL(None, use_errno=True); "
        'n = lambda a, b: a if os.uname().machine == "x86_64" else b; '
        f"r = {call}; refused = r < 0 and t.get_errno() in (1, 13, 38, 95); "
        'print("refused" if refused else "GAI" + "NED", r, t.get_errno())\''
    )
