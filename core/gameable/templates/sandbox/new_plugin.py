"""A sandbox around the embedded one that refuses some programs. Put your own world in its place, method by method."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gameable import CommandResult, Sandbox, SandboxOffer, Session, hookimpl
from gameable.testing import embedded_sandbox


@dataclass
class NewPlugin(Sandbox):
    """Opens worlds in which a command that begins with a refused program does nothing."""

    refuse: tuple[str, ...] = ("rm",)
    """Programs that no command may begin with. Fields like this one are options that a profile can set."""

    seconds: float = 5.0
    """Longest a command may take."""

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        """Start a fresh world with these files."""
        return _World(await self._inner.open(files, directories, home), self.refuse)

    @cached_property
    def _inner(self) -> Sandbox:
        return embedded_sandbox(seconds=self.seconds)


class _World(Session):
    """One world; the working directory and the files last from command to command."""

    def __init__(self, inner: Session, refuse: Sequence[str]) -> None:
        self._inner = inner
        self._refuse = refuse

    async def run(self, command: str) -> CommandResult:
        if _program(command) in self._refuse:
            return CommandResult(command, "", f"{_program(command)}: refused\n", 126)
        return await self._inner.run(command)

    async def snapshot(self) -> dict[str, str]:
        return await self._inner.snapshot()

    async def close(self) -> None:
        await self._inner.close()


def _program(command: str) -> str:
    try:
        return next(iter(shlex.split(command)), "")
    except ValueError:  # quotes that are never closed: the shell will say so
        return ""


@hookimpl
def gameable_sandboxes() -> Iterable[SandboxOffer]:
    """Offer the sandbox."""
    yield SandboxOffer(name="new-plugin", summary="Refuses some programs.", factory="new_plugin:NewPlugin")
