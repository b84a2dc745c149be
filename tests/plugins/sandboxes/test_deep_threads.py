from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from gameable import CommandResult
from gameable_plugins.sandboxes import _deep_threads
from gameable_plugins.sandboxes.bashkit import Bashkit


def run(commands: Sequence[str]) -> list[CommandResult]:
    async def play() -> list[CommandResult]:
        async with await Bashkit(seconds=2).open({}, (), "/work") as session:
            return [await session.run(command) for command in commands]

    return asyncio.run(play())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each thread that is started from now on, none of which is there yet."""
    seen: list[int] = []
    start = threading.Thread.start

    def counted(thread: threading.Thread) -> None:
        seen.append(1)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)
    _deep_threads._idle.clear()
    return seen


def test_commands_of_several_sessions_share_a_thread(started: list[int]) -> None:
    for _ in range(3):
        run(["echo hi"] * 5)
    assert len(started) == 1


def test_a_thread_that_a_long_command_used_is_given_up(started: list[int]) -> None:
    run(["sleep 0.2", "true"])
    assert len(started) == 2


def test_two_threads_run_commands_at_once(started: list[int]) -> None:
    results: list[CommandResult] = []
    players = [threading.Thread(target=lambda: results.extend(run(["sleep 0.2; echo hi"]))) for _ in range(2)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    assert [result.stdout for result in results] == ["hi\n"] * 2


def test_a_forked_process_starts_threads_of_its_own() -> None:
    program = """
import asyncio, os, sys
from gameable_plugins.sandboxes.bashkit import Bashkit

async def play():
    async with await Bashkit(seconds=2).open({}, (), "/work") as session:
        return (await session.run("echo hi")).stdout

assert asyncio.run(play()) == "hi\\n"
child = os.fork()
if child == 0:
    os._exit(0 if asyncio.run(play()) == "hi\\n" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
