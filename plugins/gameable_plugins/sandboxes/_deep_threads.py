"""Threads with a deep stack that do one piece of work after another: starting one costs as much as a short command."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

_STACK = 256 << 20
"""Bytes of stack, taken only where touched: `x='eval "$x"'; eval "$x"` recurses past the usual 8 MiB."""

_LONG = 0.05
"""Seconds after which work may have touched much of its thread's stack, so that both are given up together."""

_Job = tuple[Callable[[], None], threading.Event]


def run(work: Callable[[], None], seconds: float) -> bool:
    """Block until `work`, which raises nothing, has ended on such a thread or the time is up; return whether it has.

    Work that has not ended goes on, and nobody waits for its thread any more.
    """
    try:
        thread = _idle.pop()
    except IndexError:
        thread = _Thread()
    began, ended = time.monotonic(), threading.Event()
    thread.inbox.put((work, ended))
    has_ended = ended.wait(seconds)
    if has_ended and time.monotonic() - began < _LONG:
        _idle.append(thread)
    else:
        thread.inbox.put(None)
    return has_ended


class _Thread:
    """A thread that takes jobs until it is given None."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[_Job | None] = SimpleQueue()
        before = threading.stack_size(_STACK)
        try:
            threading.Thread(target=self._work, daemon=True).start()
        finally:
            threading.stack_size(before)

    def _work(self) -> None:
        while (job := self.inbox.get()) is not None:
            work, ended = job
            work()
            ended.set()
            del job, work  # they hold a whole world


_idle: deque[_Thread] = deque()
os.register_at_fork(after_in_child=_idle.clear)  # threads do not live on in a child
