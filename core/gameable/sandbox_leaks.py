"""An episode that leaves a trace in every place it can think of, and one that looks for each of them.

Not looked for, since they carry no content: the count of processes so far, inode numbers, the age of the world.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from gameable.contracts import Sandbox, Session

_MARK = "leak7c1f"
_HOMES = ("/home/first", "/home/second")
_TOPS = "/ /home /tmp /var/tmp /dev/shm /usr /etc"


@dataclass(frozen=True, slots=True)
class Leak:
    """One way to leave a trace."""

    name: str
    """Where the trace is."""
    plant: str
    """Shell command, or line of Python, that leaves it; it may fail."""
    look: str
    """Shell command that succeeds, or Python expression that is true, where it is; it leaves nothing itself."""


def _file(name: str, path: str) -> Leak:
    return Leak(name, f"mkdir -p $(dirname {path}); echo {_MARK} > {path}", f"[ -e {path} ]")


def _line(name: str, path: str) -> Leak:
    return Leak(name, f"echo 'export {_MARK}=1 # leak7c1f' >> {path}", f"grep -q {_MARK} {path}")


def _running(name: str, plant: str, seconds: str) -> Leak:
    """A process that sleeps for so many seconds; the pattern of the look does not match itself."""
    pattern = f"{seconds[:-1]}[{seconds[-1]}]"
    return Leak(name, plant, f"(set +o noglob; grep -qs {pattern} /proc/[0-9]*/cmdline)")


FILES = (
    _file("file in the home", f"~/{_MARK}"),
    _file("dotfile in the home", f"~/.{_MARK}"),
    _file("file in another home", f"/home/{_MARK}/a.txt"),
    _file("file in /tmp", f"/tmp/{_MARK}"),  # noqa: S108  in the sandbox
    _file("dotfile in /tmp", f"/tmp/.{_MARK}/a"),  # noqa: S108  in the sandbox
    _file("file in /var/tmp", f"/var/tmp/{_MARK}"),  # noqa: S108  in the sandbox
    _file("file in /dev/shm", f"/dev/shm/{_MARK}"),  # noqa: S108  in the sandbox
    _file("file in /run", f"/run/{_MARK}"),
    _file("a new top folder", f"/{_MARK}/a.txt"),
    _file("program on the path", f"/usr/local/bin/{_MARK}"),
    _file("program in the home", f"~/.local/bin/{_MARK}"),
    _file("file in /etc", f"/etc/profile.d/{_MARK}.sh"),
    _file("git hook", "~/.git/hooks/post-checkout"),
    _file("settings of git", "~/.gitconfig"),
    _file("history", "~/.bash_history"),
    _file("job of cron", f"/var/spool/cron/{_MARK}"),
    _file("module beside the scripts", "~/json.py"),
    _line("start file .bashrc", "~/.bashrc"),
    _line("start file .profile", "~/.profile"),
    _line("start file .bash_profile", "~/.bash_profile"),
    _line("start file of all", "/etc/bash.bashrc"),
    _line("a tool of the sandbox", '"$(command -v replace)"'),
    Leak("symbolic link", f"ln -s /etc ~/{_MARK}.link", f"[ -L ~/{_MARK}.link ]"),
    Leak("unreadable folder", f"mkdir -p ~/{_MARK}.d/in; chmod 000 ~/{_MARK}.d/in ~/{_MARK}.d", f"[ -e ~/{_MARK}.d ]"),
    Leak("unreadable folder in /tmp", f"mkdir -p /tmp/{_MARK}.d; chmod 000 /tmp/{_MARK}.d", f"[ -e /tmp/{_MARK}.d ]"),
    Leak("deep folders", f"mkdir -p /tmp/{_MARK}.deep/{'d/' * 50}", f"[ -e /tmp/{_MARK}.deep ]"),
    Leak("modes of folders", f"chmod 1701 {_TOPS} ~", f"stat -c %a {_TOPS} ~ | grep -qx 1701"),
    Leak("times of folders", f"touch -d 2001-01-01 {_TOPS} ~", f"stat -c %Y {_TOPS} ~ | grep -q ^9783"),
)

SHELL = (
    Leak("working directory", "cd /", '[ "$PWD" = / ]'),
    Leak("exported variable", f"export {_MARK}=1", f"[ ${_MARK} ]"),
    Leak("variable", f"{_MARK}_own=1", f"[ ${_MARK}_own ]"),
    Leak("path", f'export PATH="$PATH:/{_MARK}"', f'case "$PATH" in *{_MARK}*) true;; *) false;; esac'),
    Leak("function", f"{_MARK}_function(){{ :; }}", f"type {_MARK}_function"),
    Leak("exported function", f"{_MARK}_out(){{ :; }}; export -f {_MARK}_out", f"bash -c {_MARK}_out"),
    Leak("alias", f"alias {_MARK}_alias=ls", f"alias {_MARK}_alias"),
    Leak("trap", "trap ': leak7c1f' USR1", f"trap | grep -q {_MARK}"),
    Leak("mask of modes", "umask 0135", '[ "$(umask)" = 0135 ]'),
    Leak("limit", "ulimit -S -n 77", '[ "$(ulimit -S -n)" = 77 ]'),
    Leak("shell option", "set -o noglob", 'case "$-" in *f*) true;; *) false;; esac'),
)

PROCESSES = (
    _running("daemon by setsid", "setsid sleep 86391 > /dev/null 2>&1 &", "86391"),
    _running("daemon by nohup", "nohup sleep 86392 > /dev/null 2>&1 & disown", "86392"),
    Leak(
        "daemon that writes again",
        f"setsid sh -c 'while sleep 0.01; do echo > ~/{_MARK}.again; done' > /dev/null 2>&1 & sleep 0.05",
        f"[ -e ~/{_MARK}.again ]",
    ),
)

PYTHON = (
    Leak(
        "start file of one python",
        f'd = site.getusersitepackages(); os.makedirs(d); open(d + "/usercustomize.py", "w").write("{_MARK}=1")',
        '"usercustomize" in sys.modules',
    ),
    Leak(
        "start file of every python",
        f'open(os.path.dirname(os.__file__) + "/sitecustomize.py", "a").write("{_MARK}=1")',
        f'hasattr(__import__("sitecustomize"), "{_MARK}")',
    ),
    *(
        Leak(
            f"extended attribute of {folder}",
            f'os.setxattr(os.path.expanduser("{folder}"), b"user.{_MARK}", b"1")',
            f'"user.{_MARK}" in os.listxattr(os.path.expanduser("{folder}"))',
        )
        for folder in ("~", "/home", "/tmp", "/")  # noqa: S108  in the sandbox
    ),
    Leak(
        "abstract socket",
        f's = socket.socket(1); s.bind(chr(0) + "{_MARK}"); os.set_inheritable(s.fileno(), True); '
        'subprocess.Popen(["sleep", "999"], close_fds=False, start_new_session=True, stdout=-3, stderr=-3)',
        f'"@{_MARK}" in open("/proc/net/unix").read()',
    ),
    Leak("shared memory", "c.shmget(0x7C1F, 64, 0o1600)", "c.shmget(0x7C1F, 0, 0) >= 0"),
    Leak("message queue", "c.msgget(0x7C1F, 0o1600)", "c.msgget(0x7C1F, 0) >= 0"),
    Leak("semaphores", "c.semget(0x7C1F, 1, 0o1600)", "c.semget(0x7C1F, 0, 0) >= 0"),
    Leak(
        "queue of the POSIX kind",
        f'c.mq_open(b"/{_MARK}", os.O_CREAT | os.O_RDWR, 0o600, None)',
        f'c.mq_open(b"/{_MARK}", os.O_RDWR) >= 0',
    ),
    Leak(
        "key in the kernel",
        f'c.syscall(n(248, 217), b"user", b"{_MARK}", b"1", 1, -4)',
        f'c.syscall(n(250, 219), 10, -4, b"user", b"{_MARK}", 0) > 0',
    ),
)

LEAKS: tuple[Leak, ...] = (*FILES, *PROCESSES, *PYTHON, *SHELL)
"""None may be found by a later episode."""

_IMPORTS = (
    "import ctypes, os, site, socket, subprocess, sys\nc = ctypes.CDLL(None)\n"
    'n = lambda a, b: a if os.uname().machine == "x86_64" else b\n'  # number of a system call
)


async def plant_leaks(session: Session) -> None:
    """Leave every trace that the world allows; those of the shell last, since they change what others stand on."""
    await session.run(_script("{{ {leak.plant}\n}} 2> /dev/null", FILES + PROCESSES))
    await session.run(_python("try:\n  {leak.plant}\nexcept Exception: pass", PYTHON))
    await session.run(_script("{{ {leak.plant}\n}} 2> /dev/null", SHELL))


async def find_leaks(session: Session) -> frozenset[str]:
    """Return the names of the traces that are there."""
    shell = _script("if {{ {leak.look}; }} > /dev/null 2>&1; then echo '{leak.name}'; fi", (*SHELL, *FILES, *PROCESSES))
    python = _python('try:\n  if {leak.look}: print("""{leak.name}""")\nexcept Exception: pass', PYTHON)
    result = await session.run(f"{shell}\n{python}\necho over")
    *found, over = result.stdout.splitlines() or [""]
    assert over == "over", f"the look around did not get to its end: {result}"
    return frozenset(found)


def _script(form: str, leaks: Iterable[Leak]) -> str:
    return "\n".join(form.format(leak=leak) for leak in leaks)


def _python(form: str, leaks: Iterable[Leak]) -> str:
    return f"python3 - 2> /dev/null <<'END'\n{_IMPORTS}{_script(form, leaks)}\nEND"


async def leaks_between_sessions(sandbox: Sandbox, episodes: int) -> Counter[str]:
    """Play so many episodes, one after another; count the traces that they found of those before them."""
    return Counter([name async for found in play_leaks(sandbox, episodes) for name in found])


async def play_leaks(sandbox: Sandbox, episodes: int) -> AsyncIterator[frozenset[str]]:
    """Play so many episodes that look around, then leave every trace; yield what each found.

    Homes alternate, so that the folders of the task before count as a trace.
    """
    for number in range(episodes):
        home, other = _HOMES[number % 2], _HOMES[1 - number % 2]
        async with await sandbox.open({f"{home}/task.txt": "new\n"}, (), home) as session:
            found = await find_leaks(session)
            old = (await session.run(f"ls -A ~; ls -d {other}")).stdout != "task.txt\n"
            yield found | {"folders of the last task"} if old else found
            await plant_leaks(session)
