"""Every process in the container but this one: watched, reaped, ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE = 3.0
"""Seconds within which killed processes must be gone."""

_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
"""Where the kernel counts whom it killed for want of memory: control groups version 2, version 1."""

_ended: dict[int, int] = {}
"""Raw status of children that have ended, by process id."""

wakeup, _wakeup_end = os.pipe()
for _end in (wakeup, _wakeup_end):
    os.set_blocking(_end, False)


def watch_children() -> None:
    """Have the end of any child make `wakeup` readable; call it once."""
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(_wakeup_end, warn_on_full_buffer=False)


def is_alive(pid: int) -> bool:
    """Whether this child still runs."""
    _reap()
    return pid not in _ended


def exit_code(pid: int) -> int:
    """Exit code of a child that has ended, as a shell reports it; forgets about all others that have ended."""
    code = os.waitstatus_to_exitcode(_ended.pop(pid))
    _ended.clear()
    return code if code >= 0 else 128 - code


def end_all() -> None:
    """Kill every other process, over and over until there is none.

    Raises:
        RuntimeError: something survives.
    """
    deadline = time.monotonic() + _PATIENCE
    while _reap() or _others():
        if time.monotonic() > deadline:
            raise RuntimeError(f"processes {_others()} cannot be ended")
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        time.sleep(0.001)


def killed_for_memory() -> int:
    """How many processes the kernel has killed here for want of memory; 0 where it does not tell."""
    for counter in _COUNTERS:
        with suppress(OSError):
            words = counter.read_text().split()
            return int(words[words.index("oom_kill") + 1])
    return 0


def _others() -> list[str]:
    own = str(os.getpid())
    return [path.name for path in Path("/proc").iterdir() if path.name.isdigit() and path.name != own]


def _reap() -> bool:
    """Collect children that have ended, orphans of others included; tell whether there were any."""
    found = False
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            _ended[pid] = status
            found = True
    return found
