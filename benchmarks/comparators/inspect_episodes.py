"""Plays scripted episodes with inspect-ai: mock model, its bash tool, its local sandbox, a log on disk.

Reads a task from standard input and prints the seconds that its episodes took; see `overhead.py`. The local sandbox (a
temporary folder and processes, no container) is the cheapest that inspect-ai has.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any

from inspect_ai import Task, eval  # noqa: A004  its own name
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageTool, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState, generate, use_tools
from inspect_ai.tool import bash
from inspect_ai.util import sandbox

GIVEN: dict[str, Any] = json.load(sys.stdin)


def reply(messages: list[ChatMessage], *_: object) -> ModelOutput:
    """Call the tool with the next command, then answer."""
    done = sum(isinstance(message, ChatMessageTool) for message in messages)
    if done < len(GIVEN["commands"]):
        arguments = {"command": GIVEN["commands"][done]}
        output = ModelOutput.for_tool_call("mockllm/model", "bash", arguments, content=GIVEN["texts"][done])
    else:
        output = ModelOutput.from_content("mockllm/model", GIVEN["texts"][-1])
    output.usage = ModelUsage()  # otherwise it counts with a tokenizer that it downloads
    return output


@scorer(metrics=[mean()])  # type: ignore[untyped-decorator]  # inspect-ai is not installed where types are checked
def mechanism() -> Scorer:
    """Run the environment's own commands in the sample's sandbox, as its payout does."""

    async def score(_state: TaskState, _target: Target) -> Score:
        printed = [(await sandbox().exec(["bash", "-c", command])).stdout.strip() for command in GIVEN["scoring"]]
        return Score(value=float(printed[0].splitlines()[-1]), explanation=printed[1])

    return score


def play(count: int) -> float:
    """Play so many episodes; return seconds."""
    samples = [Sample(input=GIVEN["prompt"], files=GIVEN["files"], id=number) for number in range(count)]
    task = Task(dataset=samples, solver=[use_tools(bash()), generate()], scorer=mechanism(), sandbox="local")
    model = get_model("mockllm/model", custom_outputs=reply, memoize=False)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        (log,) = eval(task, model=model, display="none", log_dir=folder, max_samples=GIVEN["at_once"])
        seconds = time.monotonic() - began
        commands = [sum(message.role == "tool" for message in sample.messages) for sample in log.samples or ()]
    if log.status != "success" or commands != [len(GIVEN["commands"])] * count:
        sys.exit(f"the episodes went wrong: {log.status}, {commands}, {log.error and log.error.message[:200]}")
    return seconds


play(2)
print(json.dumps({"seconds": play(GIVEN["count"])}))
