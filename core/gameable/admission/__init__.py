"""Admits an environment when its oracles come out as they claim and nothing that a policy may write misleads it.

One check a promise; each takes an `Admission` and returns the problems that it found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gameable.admission.outcomes import (
    judging_repeats,
    malformed_replies_are_data,
    oracles_are_complete,
    oracles_are_engaged_right,
    oracles_are_labelled_right,
    oracles_are_paid_right,
    oracles_play,
    plays_share_nothing,
    sandboxes_agree,
    silence_pays_nothing,
)
from gameable.admission.secrecy import prompts_give_nothing_away, prying_finds_nothing
from gameable.admission.traps import the_judge_is_out_of_reach
from gameable.admission.trials import VARIANTS, Admission, Problem, Trial, hold, told
from gameable.admission.variants import splits_are_disjoint, tasks_are_plain, variants_are_distinct
from gameable.contracts import Environment, Sandbox
from gameable.progress import Progress, Silent

__all__ = [
    "CHECKS",
    "VARIANTS",
    "Admission",
    "Check",
    "Problem",
    "Trial",
    "Verdict",
    "Verdicts",
    "admit",
    "asked",
    "check_environment",
]

Check = Callable[[Admission], Awaitable[list[Problem]]]

CHECKS: tuple[Check, ...] = (
    oracles_play,
    oracles_are_complete,
    oracles_are_labelled_right,
    oracles_are_engaged_right,
    oracles_are_paid_right,
    silence_pays_nothing,
    malformed_replies_are_data,
    judging_repeats,
    plays_share_nothing,
    tasks_are_plain,
    variants_are_distinct,
    splits_are_disjoint,
    prompts_give_nothing_away,
    prying_finds_nothing,
    the_judge_is_out_of_reach,
    sandboxes_agree,
)
"""All that is asked, in order: nothing further where the first fails, and the last only with a second sandbox."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check found."""

    check: str
    """Its name."""
    promise: str
    """What the check asks, in one sentence."""
    problems: tuple[Problem, ...]
    """Nothing where the promise holds."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What all checks found that were asked."""

    verdicts: tuple[Verdict, ...]
    """One a check, in order."""
    variants: int
    """How many variants had their oracles played, over both splits."""
    oracles: int
    """How many oracles were played."""

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong; nothing admits the environment."""
        return [problem for verdict in self.verdicts for problem in verdict.problems]


async def admit(
    environment: Environment,
    sandbox: Sandbox,
    *,
    name: str = "",
    other: Sandbox | None = None,
    variants: int = VARIANTS,
    progress: Progress | None = None,
) -> Verdicts:
    """Play oracles of an environment and ask every check.

    Args:
        environment: What is to be admitted.
        sandbox: Where everything is played.
        name: What the environment is offered as; what its tasks say, if left out.
        other: A second sandbox, in which every oracle must come out the same.
        variants: How many variants of each split have their oracles played.
        progress: Where progress is shown.

    Raises:
        GameableError: the environment has no variants until the user has mended something, with what to do.
    """
    shown = progress or Silent()
    admission = await hold(environment, sandbox, name=name, other=other, variants=variants, progress=shown)
    checks = asked(twice=other is not None)
    verdicts: list[Verdict] = []
    with shown.track("Checking", len(checks), "promises") as step:
        for check in checks if not admission.faults else checks[:1]:
            verdicts.append(await _ask(check, admission))
            step()
    return Verdicts(tuple(verdicts), len(admission.tasks), len(admission.trials))


def asked(*, twice: bool) -> tuple[Check, ...]:
    """Return the checks that are asked in one sandbox, or in two."""
    return tuple(check for check in CHECKS if twice or check is not sandboxes_agree)


async def check_environment(environment: Environment, sandbox: Sandbox, variants: int = VARIANTS) -> list[Problem]:
    """Return what is wrong with an environment, by every check that needs no second sandbox; see `admit`."""
    return (await admit(environment, sandbox, variants=variants)).problems


async def _ask(check: Check, admission: Admission) -> Verdict:
    """Ask one check; what the environment raises meanwhile is a problem as well."""
    try:
        problems = await check(admission)
    except Exception as error:  # noqa: BLE001  plugin code may raise anything, and the report names it
        problems = [Problem(check.__name__, "while it was asked", told(error))]
    return Verdict(check.__name__, promise(check), tuple(problems))


def promise(check: Check) -> str:
    """Return the sentence that says what a check asks."""
    return (check.__doc__ or "").partition("\n")[0]
