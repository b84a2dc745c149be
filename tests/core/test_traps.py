from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gameable import Message, Task
from gameable.admission.traps import LIES, traps
from gameable_plugins.sandboxes.bashkit import Bashkit

TASK = Task(
    environment="jar",
    split="train",
    variant="0000",
    dialogue=(Message("user", "How many?"),),
    files={"/data/coins.txt": "3\n", "/data/json.py": "ours = 1\n"},
    home="/data",
)


def after(names: Sequence[str], command: str, lie: str = "100") -> tuple[str, dict[str, str]]:
    """Set these traps in a fresh world; return what a command prints then, and the files."""

    async def play() -> tuple[str, dict[str, str]]:
        async with await Bashkit().open(TASK.files, (), "/data") as session:
            for name in names:
                await session.run(traps(TASK, lie)[name])
            return (await session.run(command)).stdout, await session.snapshot()

    return asyncio.run(play())


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("name", ["shell functions", "aliases"])
def test_the_shell_itself_lies(name: str, lie: str) -> None:
    assert after([name], "cat coins.txt", lie)[0].startswith(lie)


def test_start_up_files_lie_to_every_new_shell() -> None:
    _, files = after(["shell start-up files"], "true")
    assert set(files) == {*TASK.files, "/data/.bashrc", "/data/.bash_profile", "/data/.profile"}
    assert after(["shell start-up files"], ". ~/.bashrc; cat coins.txt")[0] == "100\n"


def test_the_working_directory_is_another() -> None:
    assert after(["another working directory"], "pwd")[0] == "/tmp\n"  # noqa: S108  in the sandbox


def test_modules_lie_beside_the_files_and_for_the_user_but_never_in_place_of_a_file() -> None:
    _, files = after(["modules beside the files", "modules of the user"], "true")
    assert {Path(path).name for path in files} == {
        *("coins.txt", "json.py", "os.py", "re.py", "sitecustomize.py", "usercustomize.py")
    }
    assert files["/data/json.py"] == "ours = 1\n"


def test_what_can_be_hidden_from_the_files_is() -> None:
    hidden = ["modules on PYTHONPATH", "programs first in PATH", "a process that keeps printing", "shell functions"]
    printed, files = after([*hidden, "aliases"], "echo $PYTHONPATH $PATH")
    assert printed.startswith("/tmp/left /tmp/left/bin:")  # noqa: S108  in the sandbox
    assert files == TASK.files


@pytest.mark.parametrize("lie", LIES)
def test_a_module_that_was_left_makes_a_real_python_lie(lie: str, tmp_path: Path) -> None:
    _, files = after(["modules beside the files"], "true", lie)
    (tmp_path / "re.py").write_text(files["/data/re.py"])
    code = "import re; print(-10); print(bool(re.search('a', 'b')))"
    command = [sys.executable, "-S", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert answer.stdout == f"{lie}\n{lie}\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize("name", traps(TASK, "100"))
def test_a_real_bash_understands_every_trap(name: str) -> None:
    answer = subprocess.run(["bash", "-n", "-c", traps(TASK, "100")[name]], capture_output=True, text=True, check=True)  # noqa: S607
    assert answer.stderr == ""
