"""One episode in a container."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gameable import CommandResult, SandboxError, Session
from gameable.episode import CommandStatus
from gameable_plugins.sandboxes._world import SNAPSHOT_BYTES, SNAPSHOT_FILES, TOO_MUCH_LEFT, abridged
from gameable_plugins.sandboxes.docker._channel import BrokenChannelError
from gameable_plugins.sandboxes.docker._container import Container

PATIENCE = 10.0
"""Seconds within which process 1 answers what does not run a command, and beyond a command's own limit."""

_CODES: Mapping[CommandStatus, int] = {"timeout": 124, "out_of_memory": 137}

Release = Callable[[Container, bool], Awaitable[None]]
"""Takes a container back, and whether it may serve again."""


async def fill(container: Container, files: Mapping[str, str], directories: Sequence[str], home: str) -> None:
    """Lay out a task.

    Raises:
        SandboxError: it does not fit.
        BrokenChannelError: the container has gone.
    """
    request = {"op": "fill", "files": dict(files), "directories": list(directories), "home": home}
    answer = await container.channel.ask(request, PATIENCE)
    if "error" in answer:
        raise SandboxError(f"The container could not be filled with the task's files: {answer['error']}")


class World(Session):
    """Commands, then files, then the end."""

    def __init__(self, container: Container, seconds: float, characters: int, release: Release) -> None:
        self._container: Container | None = container
        self._seconds = seconds
        self._characters = characters
        self._release = release
        self._sound = True

    async def run(self, command: str) -> CommandResult:
        container = self._container
        if container is None:
            raise SandboxError("This sandbox session is closed; open a new one.")
        if not container.channel.is_open:
            return CommandResult(command, "", "the sandbox has died\n", 137, "sandbox_dead")
        wanted = {"op": "run", "command": command, "seconds": self._seconds, "characters": self._characters}
        try:
            answer = await container.channel.ask(wanted, self._seconds + PATIENCE)
        except BrokenChannelError as error:
            return CommandResult(command, "", f"the sandbox has died: {error}\n", 137, "sandbox_dead")
        if "error" in answer:
            self._sound = False
            return CommandResult(command, "", f"{answer['error']}\n", 1, "infrastructure")
        self._sound = self._sound and not answer["out_of_memory"]
        return self._result(command, answer)

    def _result(self, command: str, answer: Mapping[str, Any]) -> CommandResult:
        limit, stdout, stderr = self._characters, answer["stdout"], answer["stderr"]
        status = _status(answer, cut=max(stdout["length"], stderr["length"]) > limit)
        code = _CODES.get(status, int(answer["code"]))
        return CommandResult(command, _text(stdout, limit), _text(stderr, limit), code, status)

    async def snapshot(self) -> dict[str, str]:
        container = self._container
        if container is None or not container.channel.is_open:
            raise SandboxError("This sandbox session is closed or dead; its files cannot be read back.")
        try:
            return await _read_back(container)
        except BrokenChannelError as error:
            raise SandboxError(f"The sandbox has died; its files cannot be read back: {error}") from error

    async def close(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            await self._release(container, self._sound)


async def _read_back(container: Container) -> dict[str, str]:
    folders = sorted(f"/{top}" for top in container.tops)
    request = {"op": "snapshot", "folders": folders, "most_files": SNAPSHOT_FILES, "most_bytes": SNAPSHOT_BYTES}
    answer = await container.channel.ask(request, PATIENCE)
    if "too_much" in answer:
        raise SandboxError(TOO_MUCH_LEFT)
    if "error" in answer:
        raise SandboxError(f"The episode's files cannot be read back: {answer['error']}")
    content = await container.channel.receive(PATIENCE)
    files, end = {}, 0
    for path, size in answer["files"]:
        files[path] = content[end : end + size].decode(errors="backslashreplace")
        end += size
    return dict(sorted(files.items()))


async def wipe(container: Container) -> bool:
    """Empty a container for the next episode; False when it cannot be shown to be as new."""
    try:
        return await container.channel.ask({"op": "reset"}, PATIENCE) == {}
    except BrokenChannelError:
        return False


def _text(stream: Mapping[str, Any], limit: int) -> str:
    head, tail, length = stream["head"], stream["tail"], stream["length"]
    return abridged(head, tail, length - limit) if length > limit else head + tail


def _status(answer: Mapping[str, Any], *, cut: bool) -> CommandStatus:
    if answer["end"] == "timeout":
        return "timeout"
    if answer["out_of_memory"]:
        return "out_of_memory"
    return "truncated" if cut else "ok"
