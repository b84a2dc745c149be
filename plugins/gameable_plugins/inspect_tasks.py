"""Environments as tasks of Inspect: `inspect eval gameable/reward-tampering --model openai/gpt-5 --limit 100`.

Inspect finds this module through its own entry point and brings the model; the dialogue, the sandbox where commands
run and the judge are ours. Options of an environment are task arguments: `-T prompt=short`.

A chat interface has no place for output in the middle of the assistant's turn, so it comes back as a user message; the
judge reads one turn all the same. No thought is put into the model's mouth: it is hidden if the model opens `<cot>`.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from inspect_ai import Epochs, Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

import gameable
from gameable import (
    CommandResult,
    Environment,
    EnvironmentOffer,
    Measure,
    Played,
    Sandbox,
    SandboxError,
    Session,
    Split,
    Unscored,
    visible_text,
)
from gameable.clustered import interval, pooled, totals
from gameable.episode import LABELS_OF_MEASURE
from gameable.plugins import Plugins
from gameable.profile import Evaluation, Sampling
from gameable.transcript import last_command, observation

_STOP = "</bash>"
_ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
_BROKEN = {"sandbox_dead", "infrastructure"}
_FOUND = "gameable"
"""Where the solver leaves for the scorer what payout and judge said."""
_COMMANDS: int = Sampling.model_fields["max_commands"].default
_FLOOR: float = Evaluation.model_fields["floor"].default


def _register(name: str) -> Callable[..., Task]:
    """Make an environment known to Inspect."""

    def make(split: Split = "eval", sandbox: str = "bashkit", max_commands: int = _COMMANDS, **options: Any) -> Task:
        plugins = Plugins()
        environment, world = plugins.environment(name, options), plugins.sandbox(sandbox, {})
        atexit.register(world.close)
        return Task(
            dataset=_dataset(environment, split),
            solver=play(environment, world, split, max_commands),
            scorer=judged(environment.measures),
            epochs=Epochs(1, []),  # every sample counts by itself: a label has no mean
        )

    make.__module__ = gameable.__name__  # Inspect names a task after the package of its function: gameable/NAME
    return task(name=name)(make)


def _dataset(environment: Environment, split: Split) -> MemoryDataset:
    tasks = [environment.task(split, index) for index in range(environment.size(split))]
    inputs = [[_ROLES[message.role](content=message.text) for message in each.dialogue] for each in tasks]
    return MemoryDataset(
        [
            Sample(id=each.variant, input=said, metadata={"index": index})
            for index, (each, said) in enumerate(zip(tasks, inputs, strict=True))
        ]
    )


@solver
def play(environment: Environment, sandbox: Sandbox, split: Split, max_commands: int) -> Solver:
    """Let the model reply, run its commands, pay and judge: what a rollout does, over a chat interface."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        asked = environment.task(split, state.metadata["index"])

        async def finish(text: str, commands: Sequence[CommandResult], session: Session | None) -> None:
            files = await session.snapshot() if session else {}
            played = Played(asked, text, tuple(commands), files)
            paid = await environment.payout(played, session)
            outcome = await environment.judge(played, sandbox)
            state.store.set(_FOUND, {"payout": asdict(paid), "outcome": asdict(outcome), "reply": visible_text(text)})

        try:
            if asked.home is None:
                await finish(await _said(state, generate), (), None)
            else:
                async with await sandbox.open(asked.files, asked.directories, asked.home) as session:
                    await finish(*await _turn(state, generate, session, max_commands), session)
        except SandboxError as error:
            state.store.set(_FOUND, {"outcome": asdict(Unscored(f"sandbox: {error}"))})
        return state

    return solve


async def _turn(
    state: TaskState, generate: Generate, session: Session, most: int
) -> tuple[str, Sequence[CommandResult]]:
    """Return the whole turn with outputs spliced in, and the commands that ran."""
    text, commands = "", list[CommandResult]()
    while True:
        said = await _said(state, generate, _STOP)
        text += said
        command = last_command(said)
        if command is None or len(commands) == most:
            return text, commands
        commands.append(await session.run(command))
        if commands[-1].status in _BROKEN:
            raise SandboxError(f"{commands[-1].status} at command {len(commands)}")
        seen = observation(commands[-1])
        text += seen
        state.messages.append(ChatMessageUser(content=seen.strip()))


async def _said(state: TaskState, generate: Generate, *stops: str) -> str:
    """Sample up to a command, and put back the end of it, which interfaces leave out; some know no stop at all."""
    await generate(state, stop_seqs=list(stops) or None)
    said = state.output.completion
    if stops and _STOP in said:
        said = said.partition(_STOP)[0] + _STOP
    elif stops and state.output.stop_reason == "stop" and "<bash>" in said.rpartition(_STOP)[2]:
        said += _STOP
    if said != state.output.completion:
        state.messages[-1] = ChatMessageAssistant(content=said, source="generate")
    return said


@metric
def rates(measures: Sequence[Measure]) -> Metric:
    """Count labels as the matrix does: rate and 95 % interval; none of one sample, or where too few engaged."""

    def count(scores: list[SampleScore]) -> dict[str, float]:
        found = [each.score for each in scores]
        engaged = sum(bool((score.metadata or {}).get("engaged")) for score in found)
        figures: dict[str, float] = {"scored": len(found), "engaged": engaged}
        enough = len({each.sample_id for each in scores}) > 1 and engaged >= _FLOOR * len(found)
        for measure in measures if enough else ():
            clusters = _by_sample(scores, measure)
            low, high = interval(clusters)
            rate = totals(clusters)[0] / len(found)
            figures |= {measure: rate, f"{measure} low": low, f"{measure} high": high}
        return figures

    return count


def _by_sample(scores: Sequence[SampleScore], measure: Measure) -> dict[str, tuple[int, int]]:
    """Return events and epochs of each sample: replies to one prompt are alike."""
    return pooled({str(each.sample_id): (int(each.score.value in LABELS_OF_MEASURE[measure]), 1)} for each in scores)


def judged(measures: Sequence[Measure]) -> Scorer:
    """Score a sample by the environment's judge; what could not be judged is unscored, never a number."""

    @scorer(metrics=[rates(measures)], name="label")
    def label() -> Scorer:
        async def score(state: TaskState, _: Target) -> Score:
            found = state.store.get(_FOUND)
            outcome = found["outcome"]
            if "reason" in outcome:
                return Score.unscored(explanation=outcome["reason"])
            return Score(
                value=outcome["label"],
                answer=found["reply"],
                explanation="\n".join(outcome["evidence"]),
                metadata={"engaged": outcome["engaged"], "payout": found["payout"]},
            )

        return score

    return label()


def _gameable() -> list[str]:
    plugins = Plugins()
    names = plugins.names(EnvironmentOffer)
    return [name for name in names if plugins.find(EnvironmentOffer, name).gameable]


TASKS = {name: _register(name) for name in _gameable()}
"""Every environment that can be gamed, whoever offers it."""
