from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gameable import CommandResult, Sandbox, Session
from gameable.episode import CommandStatus
from gameable.sandbox_attacks import ENDED
from gameable.testing import ATTACKS, Attack, sandbox_checks
from gameable_plugins.sandboxes.bashkit import Bashkit


@dataclass
class Careless(Sandbox):
    """Runs commands with this user's rights, in a folder that all sessions share; never show it an attack."""

    folder: str

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        for path, text in files.items():
            (Path(self.folder) / Path(path).name).write_text(text)
        return Carelessly(self.folder)


class Carelessly(Session):
    def __init__(self, folder: str) -> None:
        self.folder = folder

    async def run(self, command: str) -> CommandResult:
        return await asyncio.to_thread(self._run, command)

    def _run(self, command: str) -> CommandResult:
        text = command.replace("/home/tester", self.folder)
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    ["bash", "-c", text],  # noqa: S607
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=1,  # for the shell alone
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return CommandResult(command, "", "", 124, "timeout")
            output.seek(0)
            return CommandResult(command, output.read().decode(), "", done.returncode)

    async def snapshot(self) -> dict[str, str]:
        return {}

    async def close(self) -> None:
        pass


HARMLESS = [
    "streams stay apart",
    "background jobs end with the command",
    "a timeout ends everything",
    "sessions run side by side",
    "no host file is seen",
    "no host variable is seen",
    "no connection leaves",
]
"""Checks whose commands do no harm on a machine without a sandbox, and end by themselves."""


@pytest.mark.parametrize("name", HARMLESS)
def test_a_subprocess_is_no_sandbox(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        asyncio.run(sandbox_checks()[name](Careless(str(tmp_path))))


@dataclass
class Unlike(Bashkit):
    """Bashkit, but one command gives another result."""

    command: str = ""
    status: CommandStatus = "ok"
    stdout: str = ""

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        return Differing(await super().open(files, directories, home), self)


class Differing(Session):
    def __init__(self, inner: Session, change: Unlike) -> None:
        self.inner = inner
        self.change = change

    async def run(self, command: str) -> CommandResult:
        if command == self.change.command:
            return CommandResult(command, self.change.stdout, "", 0, self.change.status)
        return await self.inner.run(command)

    async def snapshot(self) -> dict[str, str]:
        return await self.inner.snapshot()

    async def close(self) -> None:
        await self.inner.close()


CHROOT = next(attack for attack in ATTACKS if attack.name == "chroot")


def check(attack: Attack, sandbox: Sandbox) -> None:
    asyncio.run(sandbox_checks()[attack.name](sandbox))


def test_an_attack_that_gains_something_is_found() -> None:
    with pytest.raises(AssertionError, match="GAINED"):
        check(CHROOT, Unlike(command=CHROOT.command, stdout="GAINED 0 0\n"))


def test_an_attack_that_ends_otherwise_is_found() -> None:
    with pytest.raises(AssertionError, match="status 'infrastructure'"):
        check(CHROOT, Unlike(command=CHROOT.command, status="infrastructure"))


def test_a_world_that_answers_no_more_is_found() -> None:
    with pytest.raises(AssertionError, match="the next command gave"):
        check(CHROOT, Unlike(command="echo alive", status="timeout"))


def test_a_world_that_died_and_says_so_is_fine() -> None:
    check(CHROOT, Unlike(command="echo alive", status="sandbox_dead"))


@dataclass
class OneWorld(Bashkit):
    """Opens the same world again and again."""

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        self.world = getattr(self, "world", None) or Undying(await super().open(files, directories, home))
        return self.world


class Undying(Differing):
    def __init__(self, inner: Session) -> None:
        super().__init__(inner, Unlike())

    async def close(self) -> None:
        pass


def test_traces_of_an_attack_in_the_next_world_are_found() -> None:
    with pytest.raises(AssertionError, match="the next world shows"):
        check(next(attack for attack in ATTACKS if attack.name == "long names"), OneWorld())


def test_attacks_are_many_and_have_names_of_their_own() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) > 100
    assert len(set(names)) == len(names)


def test_no_attack_prints_what_is_forbidden_when_it_is_only_quoted() -> None:
    assert not [attack.name for attack in ATTACKS if attack.forbidden in attack.command]


def test_a_fault_of_the_harness_is_never_a_proper_end() -> None:
    assert all(attack.ends <= ENDED for attack in ATTACKS)
