"""Admits an environment when its oracles come out as they claim and nothing that a policy may write makes it crash.

One check a promise; each takes an `Admission` and returns the problems that it found.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from gameable.contracts import Environment, Sandbox
from gameable.episode import Oracle, Outcome, Payout, Split, Task, Unscored
from gameable.scripted import OraclePlay, play_oracle

SPLITS: tuple[Split, ...] = ("train", "eval")

MALFORMED = (
    "</cot>",
    "<bash>",
    "</bash>",
    "</cot><bash></bash>",
    "</cot><bash>echo 'never closed</bash>",
    "</cot><bash>cd /nowhere; cat \0 nothing</bash>",
    "</cot><bash>rm -rf ./* ..</bash>",
    "\x1b[31m<cot><cot></cot></bash><bash>",
    "</cot>" + "1e999 NaN -0 ½ " * 200,
)
"""Replies that no environment expects; each must be paid and judged without a crash."""


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
    oracle: Oracle
    play: OraclePlay

    @property
    def where(self) -> str:
        """Which variant and oracle this is."""
        return f"{_name(self.task)} {self.oracle.kind} oracle"


@dataclass(frozen=True, slots=True)
class Admission:
    """An environment under test, with the variants that were drawn and every oracle of theirs, played."""

    environment: Environment
    sandbox: Sandbox
    tasks: tuple[Task, ...]
    trials: tuple[Trial, ...]


async def check_environment(environment: Environment, sandbox: Sandbox, variants: int = 4) -> list[Problem]:
    """Play every oracle of `variants` variants a split, compare all variants, and return what is wrong.

    An empty list admits the environment.

    An error that the environment raises while its oracles are played is a problem as well, and ends the checks.
    """
    tasks = tuple(task for split in SPLITS for task in _draw(environment, split, variants))
    trials = []
    for task in tasks:
        for oracle in environment.oracles(task):
            try:
                trials.append(Trial(task, oracle, await play_oracle(environment, task, oracle, sandbox)))
            except Exception as error:  # noqa: BLE001  plugin code may raise anything, and the report names it
                return [Problem("oracles_play", f"{_name(task)} {oracle.kind} oracle", _told(error))]
    admission = Admission(environment, sandbox, tasks, tuple(trials))
    return [problem for check in CHECKS for problem in await check(admission)]


async def oracles_are_complete(admission: Admission) -> list[Problem]:
    """Every variant has an honest oracle to demonstrate with, and one that shows each measure."""
    wanted = {measure: Outcome(measure, engaged=True) for measure in admission.environment.measures}
    problems = []
    for task in admission.tasks:
        oracles = [trial.oracle for trial in admission.trials if trial.task is task]
        missing = [] if any(oracle.kind == "honest" for oracle in oracles) else ["honest"]
        missing += [m for m in wanted if not any(Outcome(o.label, engaged=True).shows(m) for o in oracles)]
        problems += [Problem("oracles_are_complete", _name(task), f"no oracle shows {kind!r}") for kind in missing]
    return problems


async def oracles_are_labelled_right(admission: Admission) -> list[Problem]:
    """The judge gives each oracle the label that it claims."""

    def wrong(trial: Trial) -> str | None:
        outcome = trial.play.outcome
        if isinstance(outcome, Unscored):
            return f"wanted {trial.oracle.label!r}, but it is unscored: {outcome.reason}"
        told = f"wanted {trial.oracle.label!r}, judged {outcome.label!r} on {list(outcome.evidence)}"
        return None if outcome.label == trial.oracle.label else told

    return _each_trial(admission, "oracles_are_labelled_right", wrong)


async def oracles_are_engaged_right(admission: Admission) -> list[Problem]:
    """The judge sees who did something parseable, and calls nobody else honest or worse."""

    def wrong(trial: Trial) -> str | None:
        outcome = trial.play.outcome
        if isinstance(outcome, Unscored):
            return None
        if outcome.engaged != trial.oracle.engaged:
            return f"wanted engaged={trial.oracle.engaged}, judged engaged={outcome.engaged}"
        return None if outcome.engaged or outcome.label == "unclear" else f"disengaged, yet {outcome.label!r}"

    return _each_trial(admission, "oracles_are_engaged_right", wrong)


async def oracles_are_paid_right(admission: Admission) -> list[Problem]:
    """The flawed mechanism pays each oracle as claimed, where the claim is made, and always a finite reward."""

    def wrong(trial: Trial) -> str | None:
        payout, wanted = trial.play.payout, trial.oracle.paid
        if isinstance(payout, Unscored):
            return f"wanted paid={wanted}, but it is unscored: {payout.reason}" if wanted is not None else None
        if not math.isfinite(payout.reward):
            return f"the reward is {payout.reward}"
        return None if wanted in (None, payout.paid) else f"wanted paid={wanted}, got {payout}"

    return _each_trial(admission, "oracles_are_paid_right", wrong)


async def silence_pays_nothing(admission: Admission) -> list[Problem]:
    """An empty reply is neither paid nor seen as gaming."""
    problems = []
    for task in admission.tasks:
        play = await _play(admission, task)
        if isinstance(play.payout, Payout) and play.payout.paid:
            problems.append(Problem("silence_pays_nothing", _name(task), f"an empty reply is paid: {play.payout}"))
        if isinstance(play.outcome, Outcome) and play.outcome.shows("attempted"):
            problems.append(Problem("silence_pays_nothing", _name(task), f"an empty reply is {play.outcome.label!r}"))
    return problems


async def malformed_replies_are_data(admission: Admission) -> list[Problem]:
    """No reply makes the environment raise."""
    problems = []
    for task in admission.tasks:
        for text in MALFORMED:
            try:
                await _play(admission, task, text)
            except Exception as error:  # noqa: BLE001  finding out what is raised is the point
                where = f"{_name(task)} reply {text[:40]!r}"
                problems.append(Problem("malformed_replies_are_data", where, _told(error)))
    return problems


async def judging_repeats(admission: Admission) -> list[Problem]:
    """Judging the same files twice gives the same outcome."""
    problems = []
    for trial in admission.trials:
        again = await admission.environment.judge(trial.play.played, admission.sandbox)
        if again != trial.play.outcome:
            told = f"first {trial.play.outcome}, then {again}"
            problems.append(Problem("judging_repeats", trial.where, told))
    return problems


async def plays_share_nothing(admission: Admission) -> list[Problem]:
    """An oracle that is played again after all others comes out as before."""
    problems = []
    for trial in admission.trials:
        again = await play_oracle(admission.environment, trial.task, trial.oracle, admission.sandbox)
        if (again.payout, again.outcome) != (trial.play.payout, trial.play.outcome):
            told = f"first {trial.play.payout}, {trial.play.outcome}; later {again.payout}, {again.outcome}"
            problems.append(Problem("plays_share_nothing", trial.where, told))
    return problems


async def variants_are_distinct(admission: Admission) -> list[Problem]:
    """A variant is always the same, and no two of a split are alike or share a name."""
    environment = admission.environment
    problems = []
    for split in SPLITS:
        tasks = _all(environment, split)
        if tasks != _all(environment, split):
            problems.append(Problem("variants_are_distinct", split, "asking twice for a variant gives two tasks"))
        for what, seen in (
            ("name", [task.variant for task in tasks]),
            ("content", [repr((task.dialogue, sorted(task.files.items()))) for task in tasks]),
        ):
            if len(set(seen)) < len(seen):
                told = f"{len(seen) - len(set(seen))} of {len(seen)} variants repeat another's {what}"
                problems.append(Problem("variants_are_distinct", split, told))
    return problems


async def splits_are_disjoint(admission: Admission) -> list[Problem]:
    """Training and evaluation share no request and no file name."""
    requests: list[set[str]] = []
    names: list[set[str]] = []
    for split in SPLITS:
        tasks = _all(admission.environment, split)
        requests.append({task.dialogue[-1].text for task in tasks})
        names.append({path.rsplit("/", 1)[-1] for task in tasks for path in task.files})
    shared = {"request": set.intersection(*requests), "file name": set.intersection(*names)}
    return [
        Problem("splits_are_disjoint", "train and eval", f"both have the {what} {one!r}")
        for what, ones in shared.items()
        for one in sorted(ones)
    ]


CHECKS: tuple[Callable[[Admission], Awaitable[list[Problem]]], ...] = (
    oracles_are_complete,
    oracles_are_labelled_right,
    oracles_are_engaged_right,
    oracles_are_paid_right,
    silence_pays_nothing,
    malformed_replies_are_data,
    judging_repeats,
    plays_share_nothing,
    variants_are_distinct,
    splits_are_disjoint,
)
"""All that `check_environment` asks, in order."""


def _each_trial(admission: Admission, check: str, wrong: Callable[[Trial], str | None]) -> list[Problem]:
    found = ((trial, wrong(trial)) for trial in admission.trials)
    return [Problem(check, trial.where, told) for trial, told in found if told is not None]


async def _play(admission: Admission, task: Task, *turns: str) -> OraclePlay:
    oracle = Oracle("malformed", turns, "unclear", engaged=False)
    return await play_oracle(admission.environment, task, oracle, admission.sandbox)


def _draw(environment: Environment, split: Split, count: int) -> Iterator[Task]:
    """Draw `count` variants spread over the split, all of them where there are fewer."""
    size = environment.size(split)
    for index in sorted({size * step // count for step in range(count)} if size else ()):
        yield environment.task(split, index)


def _all(environment: Environment, split: Split) -> list[Task]:
    return [environment.task(split, index) for index in range(environment.size(split))]


def _name(task: Task) -> str:
    return f"{task.split} {task.variant}"


def _told(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"
