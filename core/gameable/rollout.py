"""Plays episodes: concurrent, batched, bounded.

An episode is one assistant turn. The policy writes; at `</bash>` the command runs in the episode's own sandbox and its
output is spliced into the same turn; the policy writes on. Commands of a model run in a sandbox only. An episode whose
sandbox breaks, or whose judge cannot tell, is `Unscored`, never a number.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import structlog

from gameable.batches import batches
from gameable.contracts import Completion, Environment, Played, Policy, Request, Sandbox, Session
from gameable.episode import CommandResult, Episode, Outcome, Payout, Segment, Stop, Task, Unscored
from gameable.errors import SandboxError
from gameable.lockstep import Lockstep
from gameable.profile import Sampling
from gameable.transcript import last_command, observation

log = structlog.get_logger()

STOP = "</bash>"
"""Where sampling pauses for a command."""

_RETRIES = 2
"""How often an episode whose sandbox broke is played again before it is left unscored."""

Measurement = TypeVar("Measurement")


@dataclass(frozen=True, slots=True)
class Play:
    """One episode that is to be played."""

    id: str
    task: Task
    script: tuple[str, ...] | None = None
    """Turns to play instead of sampling: a demonstration or a planted example."""
    lead: tuple[str, ...] = ()
    """Turns with commands that are played before the reply begins; they are nobody's doing and never trained on."""


@dataclass(slots=True)
class _Reply:
    """A reply while it grows."""

    prompt: tuple[int, ...]
    segments: list[Segment] = field(default_factory=list)
    commands: list[CommandResult] = field(default_factory=list)

    def text(self, opening: str) -> str:
        return opening + "".join(segment.text for segment in self.segments)

    def tokens(self) -> tuple[int, ...]:
        return tuple(chain(self.prompt, *(segment.tokens for segment in self.segments)))

    def sampled(self) -> int:
        return sum(len(segment.tokens) for segment in self.segments if segment.kind == "model")


@dataclass(frozen=True, slots=True)
class Rollout:
    """Plays episodes of one model."""

    policy: Policy
    sandbox: Sandbox
    environments: Mapping[str, Environment]
    sampling: Sampling
    model: str
    """Name of the model, written into each episode."""
    seed: int
    """Seed of the run; each episode's own seed follows from it and the episode's id."""

    def run(self, plays: Sequence[Play], known: set[str], keep: Callable[[Sequence[Episode]], None]) -> None:
        """Play what is not known yet, `sampling.in_flight` at once, handing finished episodes to `keep` at once."""
        for batch in self.unfinished(plays, known):
            self.play_batch(batch, keep)

    def unfinished(self, plays: Sequence[Play], known: set[str]) -> Iterator[list[Play]]:
        """Yield what is to be played together for everything to be known.

        A batch is always the same plays. A backend that repeats itself only in the same batch (`determinism`) plays a
        batch again as a whole when part of it is missing, so that a resumed run ends like one that was never stopped.
        """
        for batch in batches(plays, self.sampling.in_flight):
            missing = [play for play in batch if play.id not in known]
            if missing:
                yield batch if self.policy.determinism == "batch" else missing

    def play_batch(self, plays: Sequence[Play], keep: Callable[[Sequence[Episode]], None]) -> None:
        """Play all of these at once, handing finished episodes to `keep` at once."""
        with asyncio.Runner() as runner:
            runner.get_loop()  # made first, so that Ctrl-C meanwhile leaves no coroutine that nobody awaits
            runner.run(self._batch(plays, keep))

    async def _batch(self, plays: Sequence[Play], keep: Callable[[Sequence[Episode]], None]) -> None:
        gate = Lockstep(play.id for play in plays) if self.policy.determinism == "batch" else None
        pending = {asyncio.create_task(self.play(play, gate)) for play in plays}
        try:
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                keep(sorted((task.result() for task in done), key=lambda episode: episode.id))
        finally:
            for task in pending:
                task.cancel()

    async def play(self, play: Play, gate: Lockstep | None = None) -> Episode:
        """Play one episode from its first token to its judgement; a sandbox that breaks gets a fresh one, twice."""
        try:
            for _ in range(_RETRIES):
                with suppress(SandboxError):
                    return await self._attempt(play, self._begin(play), gate)
            return await self._last_attempt(play, gate)
        finally:
            if gate:
                gate.leave(play.id)

    def _begin(self, play: Play) -> _Reply:
        return _Reply(self.policy.encode(play.task.dialogue, play.task.opening))

    async def _last_attempt(self, play: Play, gate: Lockstep | None) -> Episode:
        reply = self._begin(play)
        try:
            return await self._attempt(play, reply, gate)
        except SandboxError as error:
            log.warning("the sandbox broke every time", episode=play.id, error=str(error))
            reason = Unscored(f"sandbox: {error}")
            return self._episode(play, reply, "sandbox", files={}, payout=reason, outcome=reason)

    async def _attempt(self, play: Play, reply: _Reply, gate: Lockstep | None) -> Episode:
        task = play.task
        if task.home is None:
            stop = await self._reply(play, reply, None, gate)
            return await self._finish(play, reply, stop, None)
        async with await self.sandbox.open(task.files, task.directories, task.home) as session:
            for turn in play.lead:
                await self._explore(session, turn, reply)
            stop = await self._reply(play, reply, session, gate)
            return await self._finish(play, reply, stop, session)

    async def _explore(self, session: Session, turn: str, reply: _Reply) -> None:
        seen = turn + observation(await session.run(last_command(turn) or ""))
        reply.segments.append(Segment("observation", seen, self.policy.tokenize(seen)))

    async def _reply(self, play: Play, reply: _Reply, session: Session | None, gate: Lockstep | None) -> Stop:
        turn = 0
        while True:
            if gate:
                await gate.wait(play.id)
            completion = await self._write(play, reply, turn, stops=(STOP,) if session else ())
            reply.segments.append(Segment("model", completion.text, completion.tokens, completion.logprobs))
            if completion.stopped != "stop" or session is None:
                return "length" if completion.stopped == "length" else "end"
            command = last_command(completion.text)
            if command is None:  # `</bash>` that closes nothing: there is nothing to run
                return "end"
            if len(reply.commands) == self.sampling.max_commands:
                return "commands"
            await self._run(session, command, reply)
            if reply.sampled() >= self.sampling.max_tokens:
                return "length"
            turn += 1

    async def _run(self, session: Session, command: str, reply: _Reply) -> None:
        result = await session.run(command)
        reply.commands.append(result)
        if result.status in {"sandbox_dead", "infrastructure"}:
            raise SandboxError(f"{result.status} at command {len(reply.commands)}")
        seen = observation(result)
        reply.segments.append(Segment("observation", seen, self.policy.tokenize(seen)))

    async def _write(self, play: Play, reply: _Reply, turn: int, stops: tuple[str, ...]) -> Completion:
        if play.script is not None:
            return self._scripted(play.script, turn)
        return await self.policy.complete(
            Request(
                tokens=reply.tokens(),
                stop=stops,
                max_tokens=self.sampling.max_tokens - reply.sampled(),
                temperature=self.sampling.temperature,
                seed=_seed(self.seed, play.id, turn),
            )
        )

    def _scripted(self, script: tuple[str, ...], turn: int) -> Completion:
        text = script[turn] if turn < len(script) else ""
        goes_on = text.rstrip().endswith(STOP)
        end = () if goes_on else (self.policy.end_token,)
        return Completion(text, self.policy.tokenize(text) + end, (), "stop" if goes_on else "end")

    async def _finish(self, play: Play, reply: _Reply, stop: Stop, session: Session | None) -> Episode:
        """Read the files back before the mechanism pays, so that its own commands leave no trace in them."""
        environment = self.environments[play.task.environment]
        files = await session.snapshot() if session else {}
        played = Played(play.task, reply.text(play.task.opening), tuple(reply.commands), files)
        payout = await _measured("payout", play.task, environment.payout(played, session))
        outcome = await _measured("judge", play.task, environment.judge(played, self.sandbox))
        return self._episode(play, reply, stop, files=files, payout=payout, outcome=outcome)

    def _episode(
        self,
        play: Play,
        reply: _Reply,
        stop: Stop,
        *,
        files: Mapping[str, str],
        payout: Payout | Unscored,
        outcome: Outcome | Unscored,
    ) -> Episode:
        return Episode(
            id=play.id,
            task=play.task,
            model=self.model,
            seed=_seed(self.seed, play.id, 0),
            prompt_tokens=reply.prompt,
            segments=tuple(reply.segments),
            commands=tuple(reply.commands),
            files=files,
            stop=stop,
            payout=payout,
            outcome=outcome,
            scripted=play.script is not None,
        )


async def _measured(what: str, task: Task, measurement: Awaitable[Measurement]) -> Measurement | Unscored:
    """Keep a plugin's fault as data: the run goes on, and the episode counts as not measured."""
    try:
        return await measurement
    except SandboxError:
        raise
    except Exception as error:
        log.exception("environment fault", what=what, environment=task.environment, variant=task.variant)
        return Unscored(f"{what} raised {type(error).__name__}: {error}")


def _seed(run: int, episode: str, turn: int) -> int:
    digest = hashlib.sha256(f"{run}/{episode}/{turn}".encode()).digest()
    return int.from_bytes(digest[:6], "big")
