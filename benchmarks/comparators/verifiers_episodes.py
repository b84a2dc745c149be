"""Plays scripted episodes with PrimeIntellect's verifiers: mock client, a bash tool, a temporary folder, results saved.

Reads a task from standard input and prints the seconds that its episodes took; see `overhead.py`. The tool starts one
process a command in a folder of the rollout's own: there is no local sandbox in verifiers, and anything more would only
take longer.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import verifiers as vf
from datasets import Dataset
from verifiers.clients import Client
from verifiers.types import Response, ResponseMessage, ToolCall

GIVEN: dict[str, Any] = json.load(sys.stdin)


class Mock(Client[None, Any, Response, Any]):  # type: ignore[misc]  # as below
    """Calls the tool with the next command, then answers."""

    def setup_client(self, config: Any) -> None:
        """There is nothing to connect to."""

    async def to_native_tool(self, tool: Any) -> Any:
        """Tools stay as they are."""
        return tool

    async def to_native_prompt(self, messages: Any) -> tuple[Any, dict[str, Any]]:
        """Messages stay as they are."""
        return messages, {}

    async def get_native_response(self, prompt: Any, model: str, *_: object, **__: object) -> Response:
        """Say what comes next."""
        done = sum(message.role == "tool" for message in prompt)
        calls, reason = None, "stop"
        if done < len(GIVEN["commands"]):
            arguments = json.dumps({"command": GIVEN["commands"][done]})
            calls, reason = [ToolCall(id=str(done), name="bash", arguments=arguments)], "tool_calls"
        message = ResponseMessage(
            content=GIVEN["texts"][done], tool_calls=calls, finish_reason=reason, is_truncated=False
        )
        return Response(id="mock", created=0, model=model, message=message)

    async def raise_from_native_response(self, response: Response) -> None:
        """Nothing can be wrong with it."""

    async def from_native_response(self, response: Response) -> Response:
        """Responses stay as they are."""
        return response

    async def close(self) -> None:
        """There is nothing to close."""


async def shell(command: str, folder: str) -> str:
    """Run a command in a folder; return what it prints."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return printed.decode()


async def bash(command: str, folder: str) -> str:
    """Run a bash command."""
    return await shell(command, folder)


class Folders(vf.StatefulToolEnv):  # type: ignore[misc]  # verifiers is not installed where types are checked
    """Gives each rollout a folder with the task's files."""

    async def setup_state(self, state: Any, **extras: Any) -> Any:
        """Write the files."""
        folder = Path(tempfile.mkdtemp())
        for name, text in GIVEN["files"].items():
            (folder / name).write_text(text)
        state["folder"] = str(folder)
        return await super().setup_state(state, **extras)

    def update_tool_args(self, _name: str, tool_args: Any, _messages: Any, state: Any, **_: Any) -> Any:
        """Have commands run there."""
        return {**tool_args, "folder": state["folder"]}


async def mechanism(state: Any) -> float:
    """Run the environment's own commands, as its payout does, and clean up."""
    printed = [(await shell(command, state["folder"])).strip() for command in GIVEN["scoring"]]
    shutil.rmtree(state["folder"])
    return float(printed[0].splitlines()[-1])


def play(count: int) -> float:
    """Play so many episodes; return seconds."""
    dataset = Dataset.from_list([{"question": GIVEN["prompt"], "answer": ""}])
    environment = Folders(eval_dataset=dataset, rubric=vf.Rubric(funcs=[mechanism]), max_turns=10)
    environment.add_tool(bash, args_to_skip=["folder"])
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        evaluation = environment.evaluate(
            Mock(None),
            "mock",
            rollouts_per_example=count,
            max_concurrent=GIVEN["at_once"],
            save_results=True,
            results_path=Path(folder) / "results",
            independent_scoring=True,
            on_start=lambda *_: None,
            on_progress=lambda *_: None,
        )
        results = asyncio.run(evaluation)
        seconds = time.monotonic() - began
    commands = [sum(message["role"] == "tool" for message in each["completion"]) for each in results["outputs"]]
    if commands != [len(GIVEN["commands"])] * count:
        sys.exit(f"the episodes went wrong: {commands}")
    return seconds


play(2)
print(json.dumps({"seconds": play(GIVEN["count"])}))
