from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import TypeAdapter, ValidationError

from gameable import CommandResult, SandboxError
from gameable.testing import sandbox_checks
from gameable_plugins.sandboxes.docker import Docker
from gameable_plugins.sandboxes.docker._session import World

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]  # the first one may have to build the image

HOME = "/work"


async def begin(sandbox: Docker, files: Mapping[str, str] | None = None, home: str = HOME) -> World:
    return cast("World", await sandbox.open(files or {}, (), home))


def run(sandbox: Docker, *commands: str, files: Mapping[str, str] | None = None) -> list[CommandResult]:
    async def play() -> list[CommandResult]:
        async with await begin(sandbox, files) as session:
            return [await session.run(command) for command in commands]

    return asyncio.run(play())


def name_of(session: World) -> str:
    assert session._container is not None
    return session._container.id


def played(sandbox: Docker, *commands: str, home: str = HOME) -> str:
    """Play an episode and return the name of its container."""

    async def play() -> str:
        async with await begin(sandbox, home=home) as session:
            for command in commands:
                await session.run(command)
            return name_of(session)

    return asyncio.run(play())


def wait_until_gone(client: DockerClient, name: str) -> None:
    deadline = time.monotonic() + 30
    while any(container.id == name for container in client.containers.list(all=True, ignore_removed=True)):
        assert time.monotonic() < deadline, "the container is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("name", sandbox_checks())
def test_it_keeps_the_sandbox_contract(containers: Docker, name: str) -> None:
    asyncio.run(sandbox_checks()[name](containers))


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ("sleep 9", "timeout", 124),
        ("yes", "truncated", 137),
        ("if", "ok", 2),
        ("false", "ok", 1),
        ("echo hi", "ok", 0),
        ("kill -9 $$", "ok", 137),
        ("exec python3 -c 'raise SystemExit(7)'", "ok", 7),
        ("trap 'exit 9' EXIT; exit 3", "ok", 9),
        ("set -eu; false; echo no", "ok", 1),
        ("echo 'oom_kill 7' >&2; exit 137", "ok", 137),
    ],
)
def test_limits_show_in_status_and_exit_code(containers: Docker, command: str, status: str, code: int) -> None:
    (result,) = run(containers, command)
    assert (result.status, result.exit_code) == (status, code)


def test_running_out_of_memory_has_a_status_and_ends_the_reuse_of_the_container(containers: Docker) -> None:
    sandbox = Docker(seconds=10, memory_mb=64)
    try:
        first, after = run(sandbox, "python3 -c 'bytearray(300 << 20)'", "echo alive")
        assert (first.status, first.exit_code, after.stdout) == ("out_of_memory", 137, "alive\n")
        assert sandbox._pool.take(frozenset({"work"})) is None
    finally:
        sandbox.close()


@pytest.mark.parametrize(
    ("change", "look", "seen"),
    [
        ("export A=\"it's a 'b' \\$x\n\tc\"", 'echo "$A"', "it's a 'b' $x\n\tc\n"),
        ("export PATH=/nowhere", "echo $PATH; /bin/pwd", f"/nowhere\n{HOME}\n"),
        ("unset LANG; export -n USER", "echo ${LANG-none} ${USER-none}", "none none\n"),
        ("mkdir real; ln -s real link; cd link", "pwd; cd ..; pwd; cd -", f"{HOME}/link\n{HOME}\n{HOME}/link\n"),
        ("mkdir -p a/b; cd a/b; rm -r ../../a", "pwd", f"{HOME}\n"),
        ("mkdir ' -n $(x) '; cd ' -n $(x) '", "pwd", f"{HOME}/ -n $(x) \n"),
        ("set -eu; export A=1; cd /tmp; false", "echo $A; pwd", "1\n/tmp\n"),
        ("(cd /tmp; export A=1)", "pwd; echo ${A-none}", f"{HOME}\nnone\n"),
        ("export LD_PRELOAD=/nowhere.so BASH_ENV=/nowhere", "echo $BASH_ENV", "/nowhere\n"),
    ],
)
def test_folder_and_exported_variables_stay(containers: Docker, change: str, look: str, seen: str) -> None:
    _, result = run(containers, change, look)
    assert result.stdout == seen, result


@pytest.mark.parametrize(
    "change",
    [
        "cd /tmp; export A=2; sleep 9",
        "cd /tmp; export A=2; kill -9 $$",
        "cd /tmp; export A=2 B=$(printf %0300000d 0)",
        "cd /tmp; export A=2; for name in B C D; do export $name=$(printf %0100000d 0); done",
        "for fd in /proc/$$/fd/*; do echo nonsense > $fd; done 2> /dev/null; exec true",
    ],
)
def test_a_state_that_is_not_reported_in_full_is_the_one_before(containers: Docker, change: str) -> None:
    _, _, result = run(containers, "export A=1", change, "echo $A $PWD")
    assert result.stdout == f"1 {HOME}\n"


def test_the_shell_has_no_positional_parameters_and_counts_lines_from_one(containers: Docker) -> None:
    (result,) = run(containers, "echo $#\nnot-there")
    assert (result.stdout, result.stderr) == ("0\n", "bash: line 2: not-there: command not found\n")


def test_no_process_outlives_its_command(containers: Docker) -> None:
    _, result = run(containers, "setsid sleep 99 & (sleep 99 &) ; nohup sleep 99 > /dev/null &", "pgrep -c sleep")
    assert result.stdout == "0\n"


def test_commands_have_no_rights(containers: Docker) -> None:
    (result,) = run(containers, "id; hostname; grep -E 'CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status")
    owner, host, permitted, effective, _, privileges, filtered = result.stdout.splitlines()
    assert owner.startswith("uid=10001(user) gid=10001(user)")
    assert host == "sandbox"
    assert (permitted.split()[1], effective.split()[1]) == ("0" * 16, "0" * 16)
    assert (privileges.split()[1], filtered.split()[1]) == ("1", "2")


@pytest.mark.parametrize("folder", ["/etc", "/usr/local/bin", "/var/lib", "/", "/home", "/dev", "/run"])
def test_nothing_is_written_outside_the_task_and_tmp(containers: Docker, folder: str) -> None:
    (result,) = run(containers, f"echo hi > {folder}/x")
    assert result.exit_code == 1, result


def test_a_container_is_part_of_no_network(containers: Docker) -> None:
    async def play() -> tuple[object, str]:
        async with await begin(containers) as session:
            found = containers._connect().containers.get(name_of(session)).attrs
            return found["NetworkSettings"]["Networks"], (await session.run("ls /sys/class/net")).stdout

    assert asyncio.run(play()) == ({}, "lo\n")


def test_nothing_can_be_hidden_in_extended_attributes(containers: Docker) -> None:
    (result,) = run(containers, f'python3 -c \'import os; os.setxattr("{HOME}", "user.note", b"x")\'')
    assert "Operation not supported" in result.stderr


def test_files_may_lie_under_several_top_folders(containers: Docker) -> None:
    async def play() -> dict[str, str]:
        files = {"/srv/a": "1\n", "/opt/deep/b": "2\n", "/home/me/c": "3\n"}
        async with await containers.open(files, ("/empty/folder",), "/home/me") as session:
            await session.run("cat /srv/a /opt/deep/b > d; rm /srv/a; echo x > /empty/folder/e; echo y > /tmp/f")
            return await session.snapshot()

    wanted = {"/empty/folder/e": "x\n", "/home/me/c": "3\n", "/home/me/d": "1\n2\n", "/opt/deep/b": "2\n"}
    assert asyncio.run(play()) == wanted


def test_a_warm_container_serves_again_without_a_trace(containers: Docker) -> None:
    deep = "for i in $(seq 300); do mkdir dddddddddddddddddddd && cd dddddddddddddddddddd; done"
    first = played(containers, "export A=1; touch x /tmp/y; mkdir -m 0 locked; chmod 0 x; ln -s / link", deep)

    async def look() -> tuple[str, str]:
        async with await begin(containers) as session:
            return name_of(session), (await session.run(f"find {HOME} /tmp -mindepth 1; echo $A; pwd")).stdout

    assert asyncio.run(look()) == (first, f"\n{HOME}\n")


def test_warm_containers_are_kept_apart_by_top_folders(containers: Docker) -> None:
    one, other = played(containers), played(containers, home="/data")
    assert one != other
    assert (played(containers), played(containers, home="/data")) == (one, other)


def test_a_fresh_container_serves_once(containers: Docker) -> None:
    sandbox = Docker(isolation="fresh")
    try:
        one = played(sandbox)
        assert played(sandbox) != one
        wait_until_gone(sandbox._connect(), one)
    finally:
        sandbox.close()


@pytest.mark.parametrize("harm", [f"mkdir -p {HOME}/of-root/inner", f"chmod 700 {HOME}"])
def test_a_container_that_is_not_as_new_never_serves_again(containers: Docker, harm: str) -> None:
    async def play() -> str:
        async with await begin(containers) as session:
            name = name_of(session)
            containers._connect().containers.get(name).exec_run(["sh", "-c", harm], user="0")
            return name

    spoilt = asyncio.run(play())
    wait_until_gone(containers._connect(), spoilt)
    assert played(containers) != spoilt


def test_a_warm_container_that_has_died_meanwhile_is_replaced(containers: Docker) -> None:
    name = played(containers)
    containers._connect().containers.get(name).remove(force=True)
    assert played(containers, "true") != name


def test_closing_ends_the_warm_containers_and_opening_works_again(containers: Docker) -> None:
    sandbox = Docker()
    name = played(sandbox)
    sandbox.close()
    sandbox.close()
    wait_until_gone(containers._connect(), name)
    assert played(sandbox) != name
    sandbox.close()


def test_a_container_ends_with_the_process_that_controls_it(containers: Docker) -> None:
    program = (
        "import asyncio; from gameable_plugins.sandboxes.docker import Docker\n"
        "async def play():\n"
        f"    session = await Docker(seconds=60).open({{}}, (), {HOME!r})\n"
        "    print(session._container.id, flush=True)\n"
        "    await session.run('sleep 60')\n"
        "asyncio.run(play())"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert containers._connect().containers.get(name).status == "running"
        os.kill(process.pid, signal.SIGKILL)
    wait_until_gone(containers._connect(), name)


def test_a_session_that_is_cancelled_in_a_command_loses_its_container(containers: Docker) -> None:
    sandbox = Docker(seconds=60)

    async def play() -> tuple[str, CommandResult]:
        async with await begin(sandbox) as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.run("sleep 60"), 0.2)
            return name_of(session), await session.run("echo hi")

    name, after = asyncio.run(play())
    sandbox.close()
    assert after.status == "sandbox_dead"
    wait_until_gone(containers._connect(), name)


def test_a_dead_container_is_a_result_and_has_no_files(containers: Docker) -> None:
    async def play() -> CommandResult:
        async with await begin(containers, {f"{HOME}/a": "1"}) as session:
            containers._connect().containers.get(name_of(session)).kill()
            result = await session.run("true")
            with pytest.raises(SandboxError, match="cannot be read back"):
                await session.snapshot()
            return result

    assert asyncio.run(play()).status == "sandbox_dead"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("for i in $(seq 1200); do : > f$i; done", "more than 1000 files"),
        ("head -c 5000000 /dev/zero > big", "4000000 bytes"),
        ("truncate -s 30M sparse", "4000000 bytes"),
    ],
)
def test_too_much_cannot_be_read_back(containers: Docker, command: str, message: str) -> None:
    async def read() -> None:
        async with await begin(containers) as session:
            assert (await session.run(command)).exit_code == 0
            await session.snapshot()

    with pytest.raises(SandboxError, match=message):
        asyncio.run(read())


def test_reading_back_leaves_locks_as_they_were(containers: Docker) -> None:
    async def play() -> tuple[dict[str, str], str]:
        async with await begin(containers, {f"{HOME}/d/a": "1"}) as session:
            await session.run("chmod 0 d/a d")
            files = await session.snapshot()
            return files, (await session.run("stat -c %a d; chmod 700 d; stat -c %a d/a")).stdout

    assert asyncio.run(play()) == ({f"{HOME}/d/a": "1"}, "0\n0\n")


def test_files_that_do_not_fit_are_refused(containers: Docker) -> None:
    with pytest.raises(SandboxError, match="could not be filled"):
        run(containers, "true", files={f"{HOME}/{i}": "x" * 10_000_000 for i in range(4)})


@pytest.mark.parametrize("path", ["/tmp/a.txt", "/etc/motd", "/usr/share/a"])  # noqa: S108  that is the point
def test_a_task_with_files_in_a_system_folder_is_refused(containers: Docker, path: str) -> None:
    with pytest.raises(SandboxError, match="system folder"):
        run(containers, "true", files={path: "x"})


def test_many_sessions_run_at_once(containers: Docker) -> None:
    async def one(number: int) -> str:
        async with await begin(containers, {f"{HOME}/n": str(number)}) as session:
            return (await session.run("cat n")).stdout

    async def play() -> list[str]:
        return await asyncio.gather(*map(one, range(6)))

    assert asyncio.run(play()) == [str(number) for number in range(6)]


def test_replace_never_builds_a_file_beyond_the_limit(containers: Docker) -> None:
    commands = "replace a.txt a $(printf 'b%.0s' $(seq 2000))", "replace /dev/zero a b"
    results = run(containers, *commands, files={f"{HOME}/a.txt": "a" * 1_000_000})
    messages = [result.stderr for result in results]
    assert messages == ["replace: a.txt: File too large\n", "replace: /dev/zero: File too large\n"]


def test_the_manifest_names_engine_and_image(containers: Docker) -> None:
    identity = containers.identity()
    assert set(identity) == {"docker", "image"}
    assert identity["image"].startswith("sha256:")


def test_without_a_daemon_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    missing = Docker().missing()
    assert missing is not None
    assert missing.startswith("No Docker daemon answers at unix:///nowhere/docker.sock")


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    assert Docker().missing() == 'The Docker SDK is not installed: pip install "gameable[docker]".'


@pytest.mark.parametrize("options", [{"seconds": 0}, {"second": 1}, {"isolation": "none"}, {"memory_mb": 1}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Docker).validate_python(options)
