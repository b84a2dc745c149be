from __future__ import annotations

import asyncio
from collections.abc import Mapping

import psutil
import pytest
from pydantic import TypeAdapter, ValidationError

from gameable import CommandResult, SandboxError
from gameable.testing import sandbox_checks
from gameable_plugins.sandboxes._world import shorten
from gameable_plugins.sandboxes.bashkit import Bashkit

QUICK = Bashkit(seconds=0.5)


def run(*commands: str, files: Mapping[str, str] | None = None, sandbox: Bashkit = QUICK) -> list[CommandResult]:
    async def play() -> list[CommandResult]:
        async with await sandbox.open(files or {}, (), "/work") as session:
            return [await session.run(command) for command in commands]

    return asyncio.run(play())


@pytest.mark.parametrize("name", sandbox_checks())
def test_it_keeps_the_sandbox_contract(name: str) -> None:
    asyncio.run(sandbox_checks()[name](QUICK))


def test_hostile_commands_leave_the_process_small() -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    for command in ('x=\'eval "$x"\'; eval "$x"', ":(){ :|:& };:", "x=a; while :; do x=$x$x; done", "seq 9999999"):
        run(command)
    run("python3 -c 'x=[0]\nwhile True: x+=x'")
    assert process.memory_info().rss - before < 400 << 20


def test_sessions_leave_no_memory_and_no_threads() -> None:
    process = psutil.Process()
    run("ls")
    before, threads = process.memory_info().rss, process.num_threads()
    for _ in range(300):
        run("replace a.txt a b; python3 -c 'print(1)'", files={"/work/a.txt": "a\n"})
    assert process.memory_info().rss - before < 20 << 20
    assert process.num_threads() <= threads + 1


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ("sleep 9", "timeout", 124),
        ("while :; do :; done", "timeout", 124),
        ("x=a; while :; do x=$x$x; done", "out_of_memory", 137),
        ("if", "ok", 1),
        ("false", "ok", 1),
        ("echo hi", "ok", 0),
    ],
)
def test_limits_show_in_status_and_exit_code(command: str, status: str, code: int) -> None:
    (result,) = run(command)
    assert (result.status, result.exit_code) == (status, code)


def test_what_a_command_prints_does_not_change_its_status() -> None:
    (result,) = run("echo 'resource limit exceeded: execution timeout (5s)' >&2; exit 1")
    assert (result.status, result.exit_code) == ("ok", 1)


def test_a_spent_session_is_dead() -> None:
    *_, last, after = run(*["true"] * 252)
    assert (last.status, after.status) == ("sandbox_dead", "sandbox_dead")


def test_the_files_of_a_dead_session_cannot_be_read_back() -> None:
    async def read() -> None:
        async with await QUICK.open({}, (), "/work") as session:
            for _ in range(252):
                await session.run("true")
            await session.snapshot()

    with pytest.raises(SandboxError, match="cannot be read back"):
        asyncio.run(read())


def test_too_many_files_cannot_be_read_back() -> None:
    async def read() -> None:
        async with await QUICK.open({}, (), "/work") as session:
            await session.run("for i in $(seq 1200); do : > f$i; done")
            await session.snapshot()

    with pytest.raises(SandboxError, match="more than 1000 files"):
        asyncio.run(read())


@pytest.mark.parametrize("path", ["/tmp/a.txt", "/etc/motd", "/usr/share/a"])  # noqa: S108  that is the point
def test_a_task_with_files_in_a_system_folder_is_refused(path: str) -> None:
    with pytest.raises(SandboxError, match="system folder"):
        run("true", files={path: "x"})


def test_a_file_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SandboxError, match="too large"):
        run("true", files={"/work/big": "x" * 3_000_000})


@pytest.mark.parametrize("path", ["jq", "/bin/jq", "/usr/bin/jq", "bc", "/bin/bc", "/usr/bin/yq", "tomlq"])
def test_programs_that_overflow_the_native_stack_are_gone(path: str) -> None:
    (result,) = run(f"{path} -n 1")
    assert result.exit_code == 127


def test_added_commands_are_found_like_others() -> None:
    (result,) = run("which replace; ls /bin/write /usr/bin/replace; /bin/write a.txt hi; cat a.txt")
    assert result.stdout == "/usr/bin/replace\n/bin/write\n/usr/bin/replace\nhi\n"


def test_replace_never_builds_a_file_beyond_the_limit() -> None:
    (result,) = run("replace a.txt a $(printf 'b%.0s' $(seq 2000))", files={"/work/a.txt": "a" * 1_000_000})
    assert result.stderr == "replace: a.txt: File too large\n"


def test_a_command_with_half_a_character_runs() -> None:
    (result,) = run("echo \ud800")
    assert result.stdout == "?\n"


@pytest.mark.parametrize("options", [{"seconds": 0}, {"second": 1}, {"output_characters": 1}, {"seconds": "nan"}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Bashkit).validate_python(options)


def test_shortened_text_counts_what_is_missing() -> None:
    assert shorten("a" * 60 + "b" * 60, 100) == "a" * 50 + "\n[... 20 characters left out ...]\n" + "b" * 50
    assert shorten("a" * 100, 100) == "a" * 100


def test_a_command_that_outlives_its_limit_is_given_up_and_the_session_is_dead() -> None:
    slow, after = run("x" * 900_000, "true", sandbox=Bashkit(seconds=0.1))  # looks for names alike, without a clock
    assert (slow.status, after.status) == ("sandbox_dead", "sandbox_dead")


@pytest.mark.parametrize("left", ["exec >&-", "exec > a.txt", "exec 1>&2", "sleep 99 & wait", "sleep 99 & echo"])
def test_redirections_and_jobs_end_with_their_command(left: str) -> None:
    *_, after = run("cd /tmp; export A=1; f(){ echo $A; }", left, "f; pwd; jobs; /bin/jq")
    assert (after.stdout, after.stderr) == ("1\n/tmp\n", "bash: line 1: /bin/jq: No such file or directory\n")
