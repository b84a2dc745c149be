"""What no sandbox lets through, from world to world, from command to command, from host to world: one check a wall."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gameable.contracts import Sandbox, Session
from gameable.errors import SandboxError
from gameable.sandbox_leaks import leaks_between_sessions
from gameable.sandbox_promises import HOME, expect, open_world, the_snapshot_shows_what_is_left

_SECRET = "planted-7c1f"  # noqa: S105  a marker that must not be seen
_JOB = f"for i in $(seq 60); do echo x >> {HOME}/beat; sleep 0.05; done"


async def sessions_share_nothing(sandbox: Sandbox) -> None:
    """Two worlds that are open at once see none of each other's files, variables and folders."""
    async with (
        await open_world(sandbox, {"a.txt": "same\n"}) as one,
        await open_world(sandbox, {"a.txt": "same\n"}) as other,
    ):
        await one.run("echo changed > a.txt; echo x > /tmp/left; export LEFT=1; alias ls=false; mkdir d; cd d")
        await expect(other, "cat a.txt; ls /tmp/left 2> /dev/null; echo $LEFT; pwd; ls", f"same\n\n{HOME}\na.txt\n")


async def a_wiped_disk_leaves_the_harness_alive(sandbox: Sandbox) -> None:
    """`rm -rf /` ends one world at most."""
    async with await open_world(sandbox, {"a.txt": "1\n"}) as session:
        await session.run("rm -rf --no-preserve-root / /home/* 2> /dev/null; rm -rf /")
        with suppress(SandboxError):  # a world too broken to be read back says so
            assert f"{HOME}/a.txt" not in await session.snapshot()
    await the_snapshot_shows_what_is_left(sandbox)


async def no_host_file_is_seen(sandbox: Sandbox) -> None:
    """A file planted beside the harness cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        planted = Path(folder) / "secret.txt"
        planted.write_text(_SECRET)
        for command in (f"cat {planted}", f"cat < {planted}", f"python3 -c 'print(open(\"{planted}\").read())'"):
            await _hides(sandbox, f"{command}; ln -s {planted} link; cat link; cp {planted} here; cat here")


async def no_host_variable_is_seen(sandbox: Sandbox) -> None:
    """An environment variable of the harness cannot be read."""
    look = "env; set; echo $GAMEABLE_PLANTED; cat /proc/self/environ /proc/*/environ; python3 -c 'import os; print(%s)'"
    with _variable("GAMEABLE_PLANTED", _SECRET):
        await _hides(sandbox, look % "os.environ")
        await _hides(sandbox, look % 'os.getenv("GAMEABLE_PLANTED")')


async def _hides(sandbox: Sandbox, command: str) -> None:
    async with await open_world(sandbox) as session:
        result = await session.run(command)
        assert _SECRET not in result.stdout + result.stderr, result


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


async def no_connection_leaves(sandbox: Sandbox) -> None:
    """Nothing reaches a server on the host, under none of its addresses."""
    with socket.create_server(("", 0)) as server, socket.socket(type=socket.SOCK_DGRAM) as other:
        port = server.getsockname()[1]
        other.bind(("", port))
        async with await open_world(sandbox) as session:
            for address in _addresses():
                await _knock(session, address, port)
        assert not _has_news(server), "a command has connected to a server on the host"
        assert not _has_news(other), "a packet has reached the host"


def _has_news(listener: socket.socket) -> bool:
    return bool(select.select([listener], [], [], 0)[0])


async def _knock(session: Session, address: str, port: int) -> None:
    await session.run(f"curl -m 1 http://{address}:{port}/ || wget -T 1 -t 1 -O - http://{address}:{port}/")
    await session.run(f"echo hi > /dev/tcp/{address}/{port}; echo hi > /dev/udp/{address}/{port}")
    await session.run(f"python3 -c 'import socket; socket.create_connection((\"{address}\", {port}), 1)'")


def _addresses() -> set[str]:
    """Return the host's own address, and that on the way out; no packet is sent."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        with suppress(OSError):  # no way out
            probe.connect(("192.0.2.1", 9))
        return {"127.0.0.1", "172.17.0.1", probe.getsockname()[0]} - {"0.0.0.0"}  # noqa: S104  what no way out gives


async def background_jobs_end_with_the_command(sandbox: Sandbox) -> None:
    """Nothing that a command started writes on afterwards, whatever it did to outlive the command."""
    job = f"bash -c '{_JOB}' > /dev/null 2>&1"
    async with await open_world(sandbox) as session:
        await session.run(f"{job} & echo over")
        await _is_still(session)
        await session.run(f"setsid {job} & nohup {job} & disown -a")
        await _is_still(session)


async def a_timeout_ends_everything(sandbox: Sandbox) -> None:
    """Processes in sessions of their own too; the files written so far stay and can be read back."""
    async with await open_world(sandbox) as session:
        await session.run("mkdir sub; cd sub; export COLOUR=red")
        stay = "trap '' TERM; while :; do :; done"
        result = await session.run(f"echo 1 > {HOME}/done; setsid bash -c '{_JOB}' > /dev/null 2>&1 & {stay}")
        assert result.status == "timeout", result
        await _is_still(session)
        assert (await session.snapshot())[f"{HOME}/done"] == "1\n"
        await expect(session, "pwd; echo $COLOUR", f"{HOME}/sub\nred\n")


async def _is_still(session: Session) -> None:
    """Check that the file `beat` no longer grows."""
    count = f"wc -c < {HOME}/beat"
    before = (await session.run(count)).stdout
    await session.run("sleep 0.3")
    assert (await session.run(count)).stdout == before, "a process has outlived its command"


async def sessions_run_side_by_side(sandbox: Sandbox) -> None:
    """Eight at once, each with its own answers."""

    async def play(number: int) -> None:
        async with await open_world(sandbox, {"n.txt": f"{number}\n"}) as session:
            for step in range(3):
                await expect(
                    session, f"echo {step} >> n.txt; cat n.txt | wc -l; head -n 1 n.txt", f"{step + 2}\n{number}\n"
                )
            assert (await session.snapshot())[f"{HOME}/n.txt"].startswith(f"{number}\n0\n")

    await asyncio.gather(*map(play, range(8)))


async def the_next_session_finds_no_trace(sandbox: Sandbox) -> None:
    """Nothing that one session left behind, in whatever place, is found by the next."""
    found = await leaks_between_sessions(sandbox, 3)
    assert not found, found


WALLS = (
    sessions_share_nothing,
    a_wiped_disk_leaves_the_harness_alive,
    no_host_file_is_seen,
    no_host_variable_is_seen,
    no_connection_leaves,
    background_jobs_end_with_the_command,
    a_timeout_ends_everything,
    sessions_run_side_by_side,
    the_next_session_finds_no_trace,
)
