"""The embedded sandbox: an in-memory bash inside this process, on any operating system, without a daemon.

No command reaches the network, the host's files or its environment variables; time, commands, memory, files and output
are bounded, and sessions share nothing. It is an interpreter, not a jail: whoever expects a policy that looks for
faults in the interpreter itself runs a sandbox with processes of its own.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from gameable import CommandResult, Sandbox, SandboxError, Session
from gameable.episode import CommandStatus
from gameable_plugins.sandboxes import _deep_threads
from gameable_plugins.sandboxes._bashkit_commands import COMMANDS, REMOVED_PROGRAMS, STUBS
from gameable_plugins.sandboxes._world import (
    SNAPSHOT_BYTES,
    SNAPSHOT_FILES,
    SYSTEM,
    TOO_MUCH_LEFT,
    check_paths,
    shorten,
)

if TYPE_CHECKING:
    from bashkit import Bash, ExecResult, FileSystem


@dataclass
class Bashkit(Sandbox):
    """Opens in-memory worlds; see the module for what it promises and what not."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Longest a command may take. Past three times as long the session is given up as dead."""
    commands: Annotated[int, Field(ge=10, le=100_000)] = 2_500
    """Most simple commands that one command line may come to, loops and functions included."""
    output_characters: Annotated[int, Field(ge=100, le=200_000)] = 8_000
    """Most that is kept of standard output, and of standard error; the middle is left out beyond."""

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        """Start a fresh world; takes about a millisecond."""
        check_paths([*files, *directories, home])
        try:
            bash = self._start(home)
            _fill(bash.fs(), files, [*directories, home])
        except (RuntimeError, ValueError) as error:
            raise SandboxError(f"The embedded sandbox could not be filled with the task's files: {error}") from error
        return _World(bash, self._renew, self.seconds, self.output_characters)

    def _start(self, home: str) -> Bash:
        from bashkit import Bash

        return Bash(cwd=home, env={"HOME": home}, **self._limits())

    def _renew(self, bash: Bash) -> Bash:
        """Return an interpreter with the same files, folder and variables, but no background jobs and redirections."""
        from bashkit import Bash

        renewed = Bash.from_snapshot(bash.snapshot(), **self._limits())
        _remove_programs(renewed.fs())
        return renewed

    def _limits(self) -> dict[str, Any]:
        from bashkit import ExecutionProfile

        return {
            "username": "user",
            "hostname": "sandbox",
            "timeout_seconds": self.seconds,
            "max_commands": self.commands,
            "max_loop_iterations": self.commands,
            "python": True,
            "files": STUBS,
            "custom_builtins": COMMANDS,
            "profile": ExecutionProfile.Hardened,
        }


def _fill(disk: FileSystem, files: Mapping[str, str], directories: Sequence[str]) -> None:
    for folder in {*directories, *map(posixpath.dirname, files)}:
        disk.mkdir(folder, recursive=True)
    for path, text in files.items():
        disk.write_file(path, text.encode())
    for stub in STUBS:
        disk.chmod(stub, 0o755)
    _remove_programs(disk)


def _remove_programs(disk: FileSystem) -> None:
    for program in filter(disk.exists, REMOVED_PROGRAMS):
        disk.remove(program)


class _World(Session):
    """One interpreter with its files."""

    def __init__(self, bash: Bash, renew: Callable[[Bash], Bash], seconds: float, characters: int) -> None:
        self._bash: Bash | None = bash
        self._renew = renew
        self._dead = False
        self._seconds = seconds
        self._characters = characters

    async def run(self, command: str) -> CommandResult:
        if self._bash is None:
            raise SandboxError("This sandbox session is closed; open a new one.")
        if self._dead:
            return CommandResult(command, "", "the sandbox has died\n", 137, "sandbox_dead")
        text = command.encode(errors="replace").decode()
        run = _Run(self._bash, text)
        run.wait(3 * self._seconds)
        result = run.result(self._seconds, self._characters, command)
        self._dead = result.status == "sandbox_dead"
        if not self._dead and (result.status == "timeout" or "exec" in command):
            self._settle(self._bash)
        return result

    def _settle(self, bash: Bash) -> None:
        """Let no job and no redirection outlive its command."""
        from bashkit import BashError

        try:
            self._bash = self._renew(bash)
        except (BashError, RuntimeError):  # too broken to be carried over
            self._dead = True

    async def snapshot(self) -> dict[str, str]:
        if self._bash is None or self._dead:
            raise SandboxError("This sandbox session is closed or dead; its files cannot be read back.")
        disk = self._bash.fs()
        files: dict[str, str] = {}
        left = SNAPSHOT_BYTES
        for path in sorted(_regular_files(disk)):
            content = disk.read_file(path)
            left -= len(content)
            if left < 0 or len(files) == SNAPSHOT_FILES:
                raise SandboxError(TOO_MUCH_LEFT)
            files[path] = content.decode(errors="backslashreplace")
        return files

    async def close(self) -> None:
        self._bash = None


class _Run:
    """One command line on a thread of its own, for the sake of the deep stack and of a wait that always ends."""

    def __init__(self, bash: Bash, command: str) -> None:
        self._bash = bash
        self._command = command
        self._outcome: ExecResult | BaseException | None = None
        self._took = 0.0

    def _work(self) -> None:
        began = time.monotonic()
        try:
            self._outcome = self._bash.execute_sync(self._command)
        except BaseException as error:  # noqa: BLE001  a panic of the native interpreter is a BaseException
            self._outcome = error
        self._took = time.monotonic() - began

    def wait(self, seconds: float) -> None:
        """Block until it ends or is given up; the event loop waits too, which keeps batches the same."""
        if not _deep_threads.run(self._work, seconds):
            self._bash.cancel()

    def result(self, seconds: float, characters: int, command: str) -> CommandResult:
        """Say what came of it."""
        done = self._outcome
        if done is None:
            return CommandResult(command, "", "the sandbox does not answer any more\n", 137, "sandbox_dead")
        if isinstance(done, BaseException):
            status: CommandStatus = "infrastructure" if isinstance(done, Exception) else "sandbox_dead"
            return CommandResult(command, "", f"{type(done).__name__}: {done}\n", 137, status)
        stdout, stderr = shorten(done.stdout, characters), shorten(done.stderr, characters)
        cut = done.stdout_truncated or done.stderr_truncated or (stdout, stderr) != (done.stdout, done.stderr)
        status = _status(done.error or "", late=self._took >= seconds)
        if status == "ok" and cut:
            status = "truncated"
        code = {"timeout": 124, "out_of_memory": 137}.get(status, done.exit_code)
        return CommandResult(command, stdout, stderr, code, status)


def _status(error: str, *, late: bool) -> CommandStatus:
    """Read the interpreter's own report; what a command printed plays no part in it."""
    if error.startswith("execution error: session "):  # a lifetime budget is spent: nothing runs here any more
        return "sandbox_dead"
    if late or any(limit in error for limit in ("execution timeout", "command count", "loop iteration")):
        return "timeout"
    return "out_of_memory" if error.startswith("resource limit exceeded") else "ok"


def _regular_files(disk: FileSystem) -> Iterator[str]:
    """Walk the files as data; symbolic links are neither followed nor listed."""
    folders = ["/"] if disk.exists("/") else []
    while folders:
        folder = folders.pop()
        for entry in disk.read_dir(folder):
            if folder == "/" and entry["name"] in SYSTEM:
                continue
            path = posixpath.join(folder, entry["name"])
            kind = entry["metadata"]["file_type"]
            if kind == "directory":
                folders.append(path)
            elif kind == "file":
                yield path
