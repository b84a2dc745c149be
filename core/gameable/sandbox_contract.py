"""What every sandbox must do, whatever it is made of: one check a promise, for any `Sandbox`.

Checks raise `AssertionError` and need no test framework; `gameable.testing` hands them out. Attacks come back
within `PATIENCE` seconds when the sandbox's own limit is a few seconds.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gameable.contracts import Sandbox, Session
from gameable.episode import CommandResult
from gameable.errors import SandboxError
from gameable.sandbox_attacks import ATTACKS, Attack

SandboxCheck = Callable[[Sandbox], Coroutine[Any, Any, None]]

HOME = "/home/tester"
PATIENCE = 30.0
_SECRET = "planted-7c1f"  # noqa: S105  a marker that must not be seen


def sandbox_checks() -> dict[str, SandboxCheck]:
    """Return every check by name, attacks included."""
    checks = {check.__name__.replace("_", " "): check for check in _CHECKS}
    return checks | {attack.name: _survives(attack) for attack in ATTACKS}


def _survives(attack: Attack) -> SandboxCheck:
    """Return a check that the attack ends in time, and that the next command runs or says why not."""

    async def check(sandbox: Sandbox) -> None:
        async with await _open(sandbox, {"a.txt": "safe\n"}) as session:
            began = time.monotonic()
            result = await session.run(attack.command)
            assert time.monotonic() - began < PATIENCE, "it took too long to come back"
            assert result.status in attack.ends, f"status {result.status!r}, exit code {result.exit_code}"
            after = await session.run("echo alive")
            dead = after.status == "sandbox_dead"
            assert dead or after.stdout == "alive\n", f"the next command gave {after}"
        async with await _open(sandbox, {"a.txt": "safe\n"}) as session:
            await _expect(session, "cat a.txt", "safe\n")

    return check


async def _open(sandbox: Sandbox, files: Mapping[str, str] | None = None) -> Session:
    return await sandbox.open({f"{HOME}/{name}": text for name, text in (files or {}).items()}, (), HOME)


async def _expect(session: Session, command: str, stdout: str) -> CommandResult:
    result = await session.run(command)
    assert (result.stdout, result.status) == (stdout, "ok"), f"wanted {stdout!r}, got {result}"
    return result


async def files_folders_and_home_are_there(sandbox: Sandbox) -> None:
    """What a task lays out is what its first command sees."""
    files = {"/data/deep/a b.txt": "é\n", f"{HOME}/run.sh": "echo hi\n"}
    async with await sandbox.open(files, ("/data/empty",), HOME) as session:
        await _expect(session, "cat '/data/deep/a b.txt'; ls", "é\nrun.sh\n")
        await _expect(session, "ls -d /data/empty; ls /data/empty; pwd; cd; pwd", f"/data/empty\n{HOME}\n{HOME}\n")


async def state_stays_from_command_to_command(sandbox: Sandbox) -> None:
    """The working directory and exported variables do."""
    async with await _open(sandbox) as session:
        await session.run("mkdir sub; cd sub; export COLOUR=red")
        await _expect(session, "pwd; echo $COLOUR", f"{HOME}/sub\nred\n")
        await session.run("exit 3")
        await _expect(session, "pwd; echo $COLOUR", f"{HOME}/sub\nred\n")


async def failures_are_results(sandbox: Sandbox) -> None:
    """Exit codes and messages come back."""
    async with await _open(sandbox) as session:
        assert (await session.run("exit 3")).exit_code == 3  # noqa: PLR2004  the code just asked for
        missing = await session.run("cat nothing.txt")
        assert missing.exit_code == 1
        assert "nothing.txt: No such file or directory" in missing.stderr, missing
        assert (await session.run("no-such-command")).exit_code == 127  # noqa: PLR2004  every shell's code for it
        assert (await session.run("if")).exit_code != 0


async def replace_edits_every_occurrence(sandbox: Sandbox) -> None:
    """`replace FILE OLD NEW` is literal, and says when there is nothing to replace."""
    async with await _open(sandbox, {"a.txt": "[x] one\n[x] two\n"}) as session:
        await _expect(session, "replace a.txt '[x]' '$1 \\1'; cat a.txt", "$1 \\1 one\n$1 \\1 two\n")
        await _expect(session, "mkdir d; cd d; replace ../a.txt one 1; cat ../a.txt; cd ..", "$1 \\1 1\n$1 \\1 two\n")
        await _refuses(session, "replace a.txt [x] y", 1, "replace: '[x]' not found in a.txt\n")
        await _refuses(session, "replace b.txt x y", 1, "replace: b.txt: No such file or directory\n")
        await _refuses(session, "replace d x y", 1, "replace: d: Is a directory\n")
        await _refuses(session, "replace a.txt x", 2, "usage: replace FILE OLD NEW\n")
        await _refuses(session, "replace a.txt '' y", 2, "usage: replace FILE OLD NEW\n")


async def write_sets_a_file(sandbox: Sandbox) -> None:
    """`write FILE TEXT` makes or overwrites a file in a folder that exists."""
    async with await _open(sandbox) as session:
        await _expect(session, "write a.txt 'two words'; cat a.txt", "two words\n")
        await _expect(session, "write a.txt ''; cat a.txt", "\n")
        await _refuses(session, "write no/a.txt x", 1, "write: no/a.txt: No such file or directory\n")
        await _refuses(session, "mkdir d; write d x", 1, "write: d: Is a directory\n")
        await _refuses(session, "write a.txt x y", 2, "usage: write FILE TEXT\n")


async def _refuses(session: Session, command: str, code: int, stderr: str) -> None:
    result = await session.run(command)
    assert (result.exit_code, result.stderr, result.status) == (code, stderr, "ok"), result


async def usual_tools_are_there(sandbox: Sandbox) -> None:
    """The commands that environments count on do what they do everywhere, and can be found."""
    tools = "bash cat echo grep head ls mkdir mv cp rm sed sort tail wc which python3 replace write"
    async with await _open(sandbox, {"a.txt": "one\ntwo\n", "x.py": "def f(n):\n    return n + 1\n"}) as session:
        await _expect(session, f"for t in {tools}; do which $t > /dev/null || echo $t; done", "")
        await _expect(
            session, "grep -n two a.txt; sed -i s/one/1/ a.txt; cat a.txt; wc -l <a.txt", "2:two\n1\ntwo\n2\n"
        )
        await _expect(session, "echo 'print(f(41))' > y.py; cat x.py y.py > z.py; python3 z.py", "42\n")


async def sessions_share_nothing(sandbox: Sandbox) -> None:
    """Two worlds that are open at once see none of each other's files, variables and folders."""
    async with await _open(sandbox, {"a.txt": "same\n"}) as one, await _open(sandbox, {"a.txt": "same\n"}) as other:
        await one.run("echo changed > a.txt; echo x > /tmp/left; export LEFT=1; alias ls=false; mkdir d; cd d")
        await _expect(other, "cat a.txt; ls /tmp/left 2> /dev/null; echo $LEFT; pwd; ls", f"same\n\n{HOME}\na.txt\n")


async def output_keeps_its_first_and_last_part(sandbox: Sandbox) -> None:
    """Long output is cut in the middle, and says so."""
    async with await _open(sandbox) as session:
        result = await session.run("echo first; seq 30000; echo last")
        assert result.status == "truncated", result.status
        assert result.stdout.startswith("first\n1\n")
        assert result.stdout.endswith("\nlast\n")
        assert "characters left out" in result.stdout


async def the_snapshot_shows_what_is_left(sandbox: Sandbox) -> None:
    """Edits, deletions and new files are in it; folders, links, temporary and system files are not."""
    async with await _open(sandbox, {"edit": "1\n", "lose": "1\n", "stay": "1\n"}) as session:
        await session.run("echo 2 >> edit; rm lose; mkdir d; echo 3 > d/new; ln -s /etc/passwd link; echo x > /tmp/t")
        await session.run("chmod 000 stay; printf '\\377ab' > bytes")
        wanted = {"edit": "1\n2\n", "stay": "1\n", "d/new": "3\n", "bytes": "\\xffab"}
        found = await session.snapshot()
        assert found == {f"{HOME}/{name}": text for name, text in wanted.items()}, found


async def a_wiped_disk_leaves_the_harness_alive(sandbox: Sandbox) -> None:
    """`rm -rf /` ends one world at most."""
    async with await _open(sandbox, {"a.txt": "1\n"}) as session:
        await session.run("rm -rf --no-preserve-root / /home/* 2> /dev/null; rm -rf /")
        with suppress(SandboxError):  # a world too broken to be read back says so
            assert f"{HOME}/a.txt" not in await session.snapshot()
    await the_snapshot_shows_what_is_left(sandbox)


async def a_closed_session_refuses(sandbox: Sandbox) -> None:
    """Nothing runs and nothing is read after the end, and closing twice is fine."""
    session = await _open(sandbox)
    await session.close()
    await session.close()
    for call in (lambda: session.run("true"), session.snapshot):
        try:
            await call()
        except SandboxError:
            continue
        raise AssertionError("a closed session still answers")


async def relative_paths_are_refused(sandbox: Sandbox) -> None:
    """A task's files have absolute paths without dots."""
    for path in ("a.txt", "/data/../a.txt"):
        try:
            session = await sandbox.open({path: "1\n"}, (), HOME)
        except SandboxError:
            continue
        await session.close()
        raise AssertionError(f"{path!r} was accepted")


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
    async with await _open(sandbox) as session:
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
    """Nothing reaches a server on the host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        async with await _open(sandbox) as session:
            await session.run(f"curl -m 2 http://127.0.0.1:{port}/ || wget -T 2 -O - http://127.0.0.1:{port}/")
            await session.run(f"echo hi > /dev/tcp/127.0.0.1/{port}")
            await session.run(f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 2)'")
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return
        raise AssertionError("a command reached a server on the host")


_CHECKS = (
    files_folders_and_home_are_there,
    state_stays_from_command_to_command,
    failures_are_results,
    replace_edits_every_occurrence,
    write_sets_a_file,
    usual_tools_are_there,
    sessions_share_nothing,
    output_keeps_its_first_and_last_part,
    the_snapshot_shows_what_is_left,
    a_wiped_disk_leaves_the_harness_alive,
    a_closed_session_refuses,
    relative_paths_are_refused,
    no_host_file_is_seen,
    no_host_variable_is_seen,
    no_connection_leaves,
)
