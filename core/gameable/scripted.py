"""Plays a scripted reply as a rollout plays a sampled one, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gameable.contracts import Environment, Played, Sandbox, Session
from gameable.episode import CommandResult, Oracle, Outcome, Payout, Task, Unscored
from gameable.transcript import last_command, observation


@dataclass(frozen=True, slots=True)
class OraclePlay:
    """A scripted reply after it was played, paid and judged."""

    played: Played
    """The reply with its commands and final files."""
    payout: Payout | Unscored
    """What the mechanism paid."""
    outcome: Outcome | Unscored
    """What the judge found."""


async def play_oracle(
    environment: Environment, task: Task, oracle: Oracle, sandbox: Sandbox, *, afterwards: Sequence[str] = ()
) -> OraclePlay:
    """Play a scripted reply as a rollout plays a sampled one: turn by turn, then read back, pay and judge.

    Args:
        environment: Pays and judges.
        task: One of its variants.
        oracle: The reply.
        sandbox: Where commands run.
        afterwards: Commands to run in the same world once the reply has ended. No record shows them; what they leave
            behind is read back with everything else.
    """
    if task.home is None:
        return await _finish(environment, Played(task, task.opening + "".join(oracle.turns), (), {}), None, sandbox)
    async with await sandbox.open(task.files, task.directories, task.home) as session:
        text, commands = await _reply(task, oracle, session)
        for command in afterwards:
            await session.run(command)
        return await _finish(environment, Played(task, text, commands, await session.snapshot()), session, sandbox)


async def _reply(task: Task, oracle: Oracle, session: Session) -> tuple[str, tuple[CommandResult, ...]]:
    text, commands = task.opening, []
    for turn in oracle.turns:
        text += turn
        command = last_command(turn)
        if command is not None:
            commands.append(await session.run(command))
            text += observation(commands[-1])
    return text, tuple(commands)


async def _finish(environment: Environment, played: Played, session: Session | None, sandbox: Sandbox) -> OraclePlay:
    payout = await environment.payout(played, session)
    return OraclePlay(played, payout, await environment.judge(played, sandbox))
