"""Runs one command: a bash of its own, bounded time and output, and no process left when it is over."""

from __future__ import annotations

import codecs
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from .processes import end_all, exit_code, is_alive, killed_for_memory, wakeup
from .state import REPORT_OUT, SCRIPT, TEXT_IN, State, reported_code
from .user import USER

_MOST_OUTPUT = 50_000_000
"""Characters of output after which a command is ended."""
_MOST_STATE = 256 << 10
"""Bytes of a shell's report; the state stays as it was when there are more."""
_BLOCK = 1 << 16

End = Literal["exit", "timeout", "flood"]
Pipes = Mapping[int, Callable[[bytes], None]]
"""File descriptor to what is done with bytes read from it."""


class _Output:
    """The first and the last part of a stream, as text."""

    def __init__(self, limit: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._room, self._rest = limit - limit // 2, limit // 2
        self.head, self.tail, self.length = "", "", 0

    def add(self, data: bytes) -> None:
        """Take the next bytes; none at all means that the stream has ended."""
        text = self._decoder.decode(data, final=not data)
        room = self._room - len(self.head)
        self.head += text[:room]
        self.tail = (self.tail + text[room:])[-self._rest :]
        self.length += len(text)

    def as_json(self) -> dict[str, Any]:
        return {"head": self.head, "tail": self.tail, "length": self.length}


class _Report:
    """What the shell reports about itself, as far as it is believable."""

    def __init__(self) -> None:
        self.content = b""

    def add(self, data: bytes) -> None:
        self.content += data[: _MOST_STATE + 1 - len(self.content)]


def run(state: State, command: str, seconds: float, limit: int) -> tuple[dict[str, Any], State]:
    """Run a command; return its result and the state after it."""
    before = killed_for_memory()
    stdout, stderr, report = _Output(limit), _Output(limit), _Report()
    process, pipes = _start(state.text(command), stdout, stderr, report)
    deadline = time.monotonic() + seconds
    end = _listen(process.pid, pipes, deadline, lambda: stdout.length + stderr.length > _MOST_OUTPUT)
    end_all()
    _drain(pipes)
    process.returncode = exit_code(process.pid)
    code = reported_code(report.content) if end == "exit" else None
    result = {
        "end": end,
        "code": process.returncode if code is None else code,
        "out_of_memory": killed_for_memory() > before,
        "stdout": stdout.as_json(),
        "stderr": stderr.as_json(),
    }
    return result, state if len(report.content) > _MOST_STATE else state.after(report.content)


def _start(text: bytes, stdout: _Output, stderr: _Output, report: _Report) -> tuple[subprocess.Popen[bytes], Pipes]:
    (out, out_end), (err, err_end), (said, said_end) = (os.pipe() for _ in range(3))
    with os.fdopen(os.memfd_create("command"), "wb") as file:
        file.write(text)
        file.seek(0)
        os.dup2(file.fileno(), TEXT_IN)
    os.dup2(said_end, REPORT_OUT)
    process = _bash(out_end, err_end)
    for descriptor in (out_end, err_end, said_end, TEXT_IN, REPORT_OUT):
        os.close(descriptor)
    return process, {out: stdout.add, err: stderr.add, said: report.add}


def _bash(stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  this is what the sandbox is for
        ["bash", "--norc", "--noprofile", "-c", SCRIPT],  # noqa: S607  the executable is named below
        executable="/bin/bash",
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=(TEXT_IN, REPORT_OUT),
        env={},
        start_new_session=True,
        user=USER,
        group=USER,
        extra_groups=[],
    )


def _listen(pid: int, pipes: Pipes, deadline: float, flooded: Callable[[], bool]) -> End:
    """Read what comes until the shell has ended or must end."""
    with selectors.DefaultSelector() as selector:
        for descriptor, take in {**pipes, wakeup: _ignore, 0: _leave}.items():
            selector.register(descriptor, selectors.EVENT_READ, take)
        while is_alive(pid):
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            if flooded():
                return "flood"
            for key, _ in selector.select(left):
                data = os.read(key.fd, _BLOCK)
                if not data and key.fd in pipes:
                    selector.unregister(key.fd)
                key.data(data)
    return "exit"


def _ignore(_: bytes) -> None:
    """A child has ended; the loop sees which one."""


def _leave(_: bytes) -> None:
    """The controlling process is gone, or speaks out of turn: so ends this container."""
    os._exit(0)


def _drain(pipes: Pipes) -> None:
    """Read the rest; nobody can write any more, so that each pipe ends."""
    for descriptor, take in pipes.items():
        while data := os.read(descriptor, _BLOCK):
            take(data)
        take(b"")
        os.close(descriptor)
