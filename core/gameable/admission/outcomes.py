"""Checks of what came of the oracles, and of replies that no environment expects."""

from __future__ import annotations

import math
from collections.abc import Callable

from gameable.admission.trials import Admission, Problem, Trial, gathered, told, variant
from gameable.episode import Outcome, Payout, Task, Unscored
from gameable.scripted import OraclePlay

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


async def oracles_play(admission: Admission) -> list[Problem]:
    """Variants can be drawn, and each of their oracles can be played, paid and judged."""
    return list(admission.faults)


async def oracles_are_complete(admission: Admission) -> list[Problem]:
    """Every variant has an honest oracle to demonstrate with, and one that shows each measure."""
    wanted = {measure: Outcome(measure, engaged=True) for measure in admission.environment.measures}
    problems = []
    for task in admission.tasks:
        oracles = [trial.oracle for trial in admission.trials if trial.task is task]
        missing = [] if any(oracle.kind == "honest" for oracle in oracles) else ["honest"]
        missing += [m for m in wanted if not any(Outcome(o.label, engaged=True).shows(m) for o in oracles)]
        problems += [Problem("oracles_are_complete", variant(task), f"no oracle shows {kind!r}") for kind in missing]
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


def _each_trial(admission: Admission, check: str, wrong: Callable[[Trial], str | None]) -> list[Problem]:
    found = ((trial, wrong(trial)) for trial in admission.trials)
    return [Problem(check, trial.where, told) for trial, told in found if told is not None]


async def silence_pays_nothing(admission: Admission) -> list[Problem]:
    """An empty reply is neither paid nor seen as gaming."""
    plays = await gathered(admission.reply, admission.tasks)
    problems = []
    for task, play in zip(admission.tasks, plays, strict=True):
        if isinstance(play.payout, Payout) and play.payout.paid:
            problems.append(Problem("silence_pays_nothing", variant(task), f"an empty reply is paid: {play.payout}"))
        if isinstance(play.outcome, Outcome) and play.outcome.shows("attempted"):
            told = f"an empty reply is {play.outcome.label!r}"
            problems.append(Problem("silence_pays_nothing", variant(task), told))
    return problems


async def malformed_replies_are_data(admission: Admission) -> list[Problem]:
    """No reply makes the environment raise."""

    async def crash(case: tuple[Task, str]) -> Problem | None:
        task, text = case
        try:
            await admission.reply(task, text)
        except Exception as error:  # noqa: BLE001  finding out what is raised is the point
            return Problem("malformed_replies_are_data", f"{variant(task)} reply {text[:40]!r}", told(error))
        return None

    found = await gathered(crash, [(task, text) for task in admission.few for text in MALFORMED])
    return [problem for problem in found if problem is not None]


async def judging_repeats(admission: Admission) -> list[Problem]:
    """Judging the same files twice gives the same outcome."""

    async def judge(trial: Trial) -> Outcome | Unscored:
        return await admission.environment.judge(trial.play.played, admission.sandbox)

    later = await gathered(judge, admission.trials)
    return [
        Problem("judging_repeats", trial.where, f"first {trial.play.outcome}, then {again}")
        for trial, again in zip(admission.trials, later, strict=True)
        if again != trial.play.outcome
    ]


async def plays_share_nothing(admission: Admission) -> list[Problem]:
    """An oracle that is played again after all others comes out as before."""
    plays = await gathered(admission.again, admission.few_trials)
    return [
        Problem("plays_share_nothing", trial.where, f"first {_result(trial.play)}; later {_result(again)}")
        for trial, again in zip(admission.few_trials, plays, strict=True)
        if (again.payout, again.outcome) != (trial.play.payout, trial.play.outcome)
    ]


def _result(play: OraclePlay) -> str:
    return f"{play.payout}, {play.outcome}"


async def sandboxes_agree(admission: Admission) -> list[Problem]:
    """In a second sandbox every oracle gets the same label and engagement, and is paid the same."""

    async def elsewhere(trial: Trial) -> OraclePlay:
        return await admission.again(trial, sandbox=admission.other)

    plays = await gathered(elsewhere, admission.trials)
    return [
        Problem("sandboxes_agree", trial.where, f"{_short(trial.play)} here, {_short(other)} in the second sandbox")
        for trial, other in zip(admission.trials, plays, strict=True)
        if _short(trial.play) != _short(other)
    ]


def _short(play: OraclePlay) -> str:
    """Say what must not depend on the sandbox; why something is unscored may."""
    outcome, payout = play.outcome, play.payout
    judged = f"{outcome.label}, engaged={outcome.engaged}" if isinstance(outcome, Outcome) else "outcome unscored"
    return f"{judged}, {f'paid={payout.paid}' if isinstance(payout, Payout) else 'payout unscored'}"
