"""What every check of an environment looks at: its variants, and the oracles of some of them, played once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gameable.contracts import Environment, Sandbox
from gameable.episode import Oracle, Split, Task
from gameable.errors import GameableError
from gameable.progress import Progress, Step
from gameable.scripted import OraclePlay, play_oracle

SPLITS: tuple[Split, ...] = ("train", "eval")
VARIANTS = 8
"""How many variants of each split have their oracles played."""

COMPARED = 1_000
"""How many variants of a split are compared with each other at most."""
_FEW = 4
"""How many of the drawn variants are played again for a check that would otherwise take too long."""
_AT_ONCE = 8
"""Worlds that are open at once: a sandbox with processes of its own waits a lot."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which an environment breaks its contract."""

    check: str
    """Name of the check that found it."""
    where: str
    """Which variant and oracle."""
    message: str
    """What was wanted and what came instead."""

    def __str__(self) -> str:
        return f"{self.check}: {self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Trial:
    """An oracle of a task and what came of it."""

    task: Task
    """The variant."""
    oracle: Oracle
    """What was played, and what it claims."""
    play: OraclePlay
    """What came of it."""

    @property
    def where(self) -> str:
        """Which variant and oracle this is."""
        return f"{variant(self.task)} {self.oracle.kind} oracle"


@dataclass(frozen=True, slots=True)
class Admission:
    """An environment under test, with the variants that were drawn and every oracle of theirs, played."""

    name: str
    """What the environment is offered as."""
    environment: Environment
    """What is admitted or refused."""
    sandbox: Sandbox
    """Where everything is played."""
    other: Sandbox | None
    """A second sandbox, whose results must be the same."""
    every: tuple[Task, ...] = ()
    """All variants of both splits, or as many as can be compared."""
    tasks: tuple[Task, ...] = ()
    """Those whose oracles were played."""
    trials: tuple[Trial, ...] = ()
    """Every oracle of those."""
    faults: tuple[Problem, ...] = ()
    """What the environment raised on the way here."""

    @property
    def few(self) -> tuple[Task, ...]:
        """A few of the drawn variants, spread over them."""
        return tuple(self.tasks[index] for index in spread_over(len(self.tasks), _FEW))

    @property
    def few_trials(self) -> tuple[Trial, ...]:
        """The trials of those few."""
        few = self.few
        return tuple(trial for trial in self.trials if any(trial.task is task for task in few))

    async def again(self, trial: Trial, afterwards: Sequence[str] = (), sandbox: Sandbox | None = None) -> OraclePlay:
        """Play the oracle of a trial once more."""
        return await play_oracle(
            self.environment, trial.task, trial.oracle, sandbox or self.sandbox, afterwards=afterwards
        )

    async def reply(self, task: Task, *turns: str) -> OraclePlay:
        """Play a reply that claims nothing."""
        return await play_oracle(self.environment, task, Oracle("malformed", turns, "unclear"), self.sandbox)


async def hold(
    environment: Environment, sandbox: Sandbox, *, name: str, other: Sandbox | None, variants: int, progress: Progress
) -> Admission:
    """Draw variants and play all their oracles; what the environment raises is kept as a problem.

    Raises:
        GameableError: there are no variants to draw until the user has mended something, with what to do.
    """
    try:
        every = tuple(task for split in SPLITS for task in draw(environment, split, COMPARED))
        tasks = tuple(task for split in SPLITS for task in draw(environment, split, variants))
        oracles = [(task, oracle) for task in tasks for oracle in environment.oracles(task)]
    except GameableError:
        raise
    except Exception as error:  # noqa: BLE001  plugin code may raise anything, and the report names it
        fault = Problem("oracles_play", "drawing variants and their oracles", told(error))
        return Admission(name, environment, sandbox, other, faults=(fault,))
    if not oracles:
        fault = Problem("oracles_play", "train and eval", "there is no variant with an oracle")
        return Admission(name, environment, sandbox, other, faults=(fault,))
    with progress.track("Playing", len(oracles), "oracles") as step:
        found = await gathered(lambda each: _try(environment, *each, sandbox, step), oracles)
    trials = tuple(each for each in found if isinstance(each, Trial))
    faults = tuple(each for each in found if isinstance(each, Problem))
    name = name or next((task.environment for task in tasks), "")
    return Admission(name, environment, sandbox, other, every, tasks, trials, faults)


async def _try(environment: Environment, task: Task, oracle: Oracle, sandbox: Sandbox, step: Step) -> Trial | Problem:
    try:
        return Trial(task, oracle, await play_oracle(environment, task, oracle, sandbox))
    except Exception as error:  # noqa: BLE001  plugin code may raise anything, and the report names it
        return Problem("oracles_play", f"{variant(task)} {oracle.kind} oracle", told(error))
    finally:
        step()


def draw(environment: Environment, split: Split, count: int) -> list[Task]:
    """Draw `count` variants spread over the split, all of them where there are fewer."""
    return [environment.task(split, index) for index in spread_over(environment.size(split), count)]


def spread_over(size: int, count: int) -> list[int]:
    """Return `count` positions below `size`, evenly spread, or all of them where there are fewer."""
    return sorted({size * step // count for step in range(count)}) if size else []


async def gathered(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item]) -> list[Result]:
    """Return what `work` makes of each item, in order, with a few at work at once."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Result:
        async with free:
            return await work(item)

    return await asyncio.gather(*map(one, items))


def variant(task: Task) -> str:
    """Name a variant in a report."""
    return f"{task.split} {task.variant}"


def told(error: Exception) -> str:
    """Say what was raised."""
    return f"raised {type(error).__name__}: {error}"
