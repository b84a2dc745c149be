from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from gameable import Sandbox, Session
from gameable.sandbox_leaks import FILES, SHELL, leaks_between_sessions
from gameable.testing import LEAKS
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_plugins.sandboxes.docker import Docker


@dataclass
class Reusing(Sandbox):
    """Hands out one session for ever, without a reset."""

    inner: Sandbox
    session: Session | None = None

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        self.session = self.session or await self.inner.open(files, directories, home)
        self.session.close = _nothing  # type: ignore[method-assign]
        return self.session


async def _nothing() -> None:
    """Close nothing."""


@pytest.fixture
def patient(containers: Docker) -> Iterator[Docker]:
    """Containers with a limit that looking everywhere at once never hits."""
    sandbox = replace(containers, seconds=20)
    yield sandbox
    sandbox.close()


def play(sandbox: Sandbox, episodes: int) -> Counter[str]:
    return asyncio.run(leaks_between_sessions(sandbox, episodes))


def test_episodes_in_the_embedded_sandbox_leave_no_trace() -> None:
    assert not play(Bashkit(), 200)


@pytest.mark.docker
@pytest.mark.timeout(120)
def test_episodes_in_warm_containers_leave_no_trace(patient: Docker) -> None:
    async def several() -> Counter[str]:
        lines = [leaks_between_sessions(patient, 40) for _ in range(4)]
        return sum(await asyncio.gather(*lines), Counter())

    assert not asyncio.run(several())


IN_BASHKIT = {leak.name for leak in (*FILES, *SHELL)} - {
    "modes of folders",
    "exported function",
    "trap",
    "shell option",
}
"""Traces that its commands can leave; it has no processes and no Python beyond the language."""


def test_traces_in_a_session_that_is_used_again_are_found() -> None:
    found = play(Reusing(Bashkit()), 2)
    assert set(found) == IN_BASHKIT | {"folders of the last task"}


IN_DOCKER = {
    "dotfile in the home",
    "file in another home",
    "file in /tmp",
    "git hook",
    "start file .bashrc",
    "start file of one python",
    "symbolic link",
    "unreadable folder",
    "deep folders",
    "daemon that writes again",
    "working directory",
    "exported variable",
    "path",
    "folders of the last task",
}


@pytest.mark.docker
def test_traces_in_a_container_that_is_not_wiped_are_found(patient: Docker) -> None:
    assert set(play(Reusing(patient), 2)) >= IN_DOCKER


def test_there_is_a_trace_for_every_place() -> None:
    names = [leak.name for leak in LEAKS]
    assert len(set(names)) == len(names) > 50
