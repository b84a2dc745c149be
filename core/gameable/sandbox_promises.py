"""What a command, its result and the files mean in every sandbox: one check a promise."""

from __future__ import annotations

from collections.abc import Mapping

from gameable.contracts import Sandbox, Session
from gameable.episode import CommandResult
from gameable.errors import SandboxError

HOME = "/home/tester"


async def open_world(sandbox: Sandbox, files: Mapping[str, str] | None = None) -> Session:
    """Open a session with these files in its home."""
    return await sandbox.open({f"{HOME}/{name}": text for name, text in (files or {}).items()}, (), HOME)


async def expect(session: Session, command: str, stdout: str | None) -> CommandResult:
    """Run a command that must end well, with this output unless it is None."""
    result = await session.run(command)
    assert result.status == "ok", result
    assert stdout in (None, result.stdout), f"wanted {stdout!r}, got {result}"
    return result


async def files_folders_and_home_are_there(sandbox: Sandbox) -> None:
    """What a task lays out is what its first command sees."""
    files = {"/data/deep/a b.txt": "é\n", f"{HOME}/run.sh": "echo hi\n"}
    async with await sandbox.open(files, ("/data/empty",), HOME) as session:
        await expect(session, "cat '/data/deep/a b.txt'; ls", "é\nrun.sh\n")
        await expect(session, "ls -d /data/empty; ls /data/empty; pwd; cd; pwd", f"/data/empty\n{HOME}\n{HOME}\n")


async def state_stays_from_command_to_command(sandbox: Sandbox) -> None:
    """The working directory and exported variables do."""
    async with await open_world(sandbox) as session:
        await session.run("mkdir sub; cd sub; export COLOUR=red")
        await expect(session, "pwd; echo $COLOUR", f"{HOME}/sub\nred\n")
        await session.run("exit 3")
        await expect(session, "pwd; echo $COLOUR", f"{HOME}/sub\nred\n")


async def failures_are_results(sandbox: Sandbox) -> None:
    """Exit codes and messages come back."""
    async with await open_world(sandbox) as session:
        assert (await session.run("exit 3")).exit_code == 3  # noqa: PLR2004  the code just asked for
        missing = await session.run("cat nothing.txt")
        assert missing.exit_code == 1
        assert "nothing.txt: No such file or directory" in missing.stderr, missing
        assert (await session.run("no-such-command")).exit_code == 127  # noqa: PLR2004  every shell's code for it
        assert (await session.run("if")).exit_code != 0


async def replace_edits_every_occurrence(sandbox: Sandbox) -> None:
    """`replace FILE OLD NEW` is literal, and says when there is nothing to replace."""
    async with await open_world(sandbox, {"a.txt": "[x] one\n[x] two\n"}) as session:
        await expect(session, "replace a.txt '[x]' '$1 \\1'; cat a.txt", "$1 \\1 one\n$1 \\1 two\n")
        await expect(session, "mkdir d; cd d; replace ../a.txt one 1; cat ../a.txt; cd ..", "$1 \\1 1\n$1 \\1 two\n")
        await _refuses(session, "replace a.txt [x] y", 1, "replace: '[x]' not found in a.txt\n")
        await _refuses(session, "replace b.txt x y", 1, "replace: b.txt: No such file or directory\n")
        await _refuses(session, "replace d x y", 1, "replace: d: Is a directory\n")
        await _refuses(session, "replace a.txt x", 2, "usage: replace FILE OLD NEW\n")
        await _refuses(session, "replace a.txt '' y", 2, "usage: replace FILE OLD NEW\n")


async def write_sets_a_file(sandbox: Sandbox) -> None:
    """`write FILE TEXT` makes or overwrites a file in a folder that exists."""
    async with await open_world(sandbox) as session:
        await expect(session, "write a.txt 'two words'; cat a.txt", "two words\n")
        await expect(session, "write a.txt ''; cat a.txt", "\n")
        await _refuses(session, "write no/a.txt x", 1, "write: no/a.txt: No such file or directory\n")
        await _refuses(session, "mkdir d; write d x", 1, "write: d: Is a directory\n")
        await _refuses(session, "write a.txt x y", 2, "usage: write FILE TEXT\n")


async def _refuses(session: Session, command: str, code: int, stderr: str) -> None:
    result = await session.run(command)
    assert (result.exit_code, result.stderr, result.status) == (code, stderr, "ok"), result


async def usual_tools_are_there(sandbox: Sandbox) -> None:
    """The commands that environments count on do what they do everywhere, and can be found."""
    tools = "bash cat echo grep head ls mkdir mv cp rm sed sort tail wc which python3 replace write"
    async with await open_world(sandbox, {"a.txt": "one\ntwo\n", "x.py": "def f(n):\n    return n + 1\n"}) as session:
        await expect(session, f"for t in {tools}; do which $t > /dev/null || echo $t; done", "")
        await expect(session, "grep -n two a.txt; sed -i s/one/1/ a.txt; cat a.txt; wc -l <a.txt", "2:two\n1\ntwo\n2\n")
        await expect(session, "echo 'print(f(41))' > y.py; cat x.py y.py > z.py; python3 z.py", "42\n")


async def output_keeps_its_first_and_last_part(sandbox: Sandbox) -> None:
    """Long output is cut in the middle, and says so."""
    async with await open_world(sandbox) as session:
        result = await session.run("echo first; seq 30000; echo last")
        assert result.status == "truncated", result.status
        assert result.stdout.startswith("first\n1\n")
        assert result.stdout.endswith("\nlast\n")
        assert "characters left out" in result.stdout


async def the_snapshot_shows_what_is_left(sandbox: Sandbox) -> None:
    """Edits, deletions and new files are in it; folders, links, temporary and system files are not."""
    async with await open_world(sandbox, {"edit": "1\n", "lose": "1\n", "stay": "1\n"}) as session:
        await session.run("echo 2 >> edit; rm lose; mkdir d; echo 3 > d/new; ln -s /etc/passwd link; echo x > /tmp/t")
        await session.run("chmod 000 stay; printf '\\377ab' > bytes")
        wanted = {"edit": "1\n2\n", "stay": "1\n", "d/new": "3\n", "bytes": "\\xffab"}
        found = await session.snapshot()
        assert found == {f"{HOME}/{name}": text for name, text in wanted.items()}, found


async def a_closed_session_refuses(sandbox: Sandbox) -> None:
    """Nothing runs and nothing is read after the end, and closing twice is fine."""
    session = await open_world(sandbox)
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


async def streams_stay_apart(sandbox: Sandbox) -> None:
    """What goes to standard error is not in standard output, nor the other way round."""
    async with await open_world(sandbox) as session:
        result = await expect(session, "echo out; echo err >&2", "out\n")
        assert result.stderr == "err\n", result
        await session.run("exec 1>&2 2> /dev/null")
        assert (await expect(session, "echo out; echo err >&2", "out\n")).stderr == "err\n", "a redirection stays"


async def it_opens_again_after_it_was_closed(sandbox: Sandbox) -> None:
    """`close` frees what is kept warm, may be called twice, and is no farewell."""
    async with await open_world(sandbox, {"a.txt": "safe\n"}) as session:
        await session.run("echo more >> a.txt")
    sandbox.close()
    sandbox.close()
    async with await open_world(sandbox, {"a.txt": "safe\n"}) as session:
        await expect(session, "cat a.txt", "safe\n")


async def nothing_is_missing(sandbox: Sandbox) -> None:
    """A sandbox that can be tested says that it can be used."""
    assert sandbox.missing() is None, sandbox.missing()


PROMISES = (
    files_folders_and_home_are_there,
    state_stays_from_command_to_command,
    failures_are_results,
    replace_edits_every_occurrence,
    write_sets_a_file,
    usual_tools_are_there,
    output_keeps_its_first_and_last_part,
    the_snapshot_shows_what_is_left,
    a_closed_session_refuses,
    relative_paths_are_refused,
    streams_stay_apart,
    it_opens_again_after_it_was_closed,
    nothing_is_missing,
)
