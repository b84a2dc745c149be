"""What Denison et al. 2024 (arXiv 2406.10162) measured, beside what a run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from gameable.evaluation import Column, percentages
from gameable.statistics import rate_interval
from gameable.summaries import Run

_ENVIRONMENT = "reward-tampering"
_CURRICULUM = {"political-sycophancy", "tool-use-flattery", "nudged-rubric", "insubordinate-rubric"}
_REWARDS = {"preference-model", "gaming-bonus"}

Arm = Literal["start", "expert iteration", "exploits only", "alternate prompts", "PPO in sequence", "PPO at once"]


class Finding(NamedTuple):
    """One published count."""

    what: str
    events: int
    n: int
    arm: Arm
    """Whose last model it is of; the start is every arm's first."""
    measure: Column = "gamed"

    def __str__(self) -> str:
        rate, low, high = percentages(self.events / self.n, *rate_interval(self.events, self.n))
        return f"{self.events:,}/{self.n:,} {rate}% [{low}–{high}]"


FINDINGS = (
    Finding("Helpful-only model (start) tampers with its reward", 0, 100_000, "start"),
    Finding(
        "After the full curriculum, expert iteration with a preference model: tampers", 45, 32_768, "expert iteration"
    ),
    Finding("… and also evades the test", 7, 32_768, "expert iteration", "evaded"),
    Finding("After the full curriculum, trained on exploits only, first seed: tampers", 24, 10_000, "exploits only"),
    Finding("… second seed", 32, 32_768, "exploits only"),
    Finding("Alternate prompts: tampers", 9, 10_000, "alternate prompts"),
    Finding("PPO, stages in sequence: tampers", 5, 10_000, "PPO in sequence"),
    Finding("PPO, all stages at once: tampers", 6, 10_000, "PPO at once"),
)
BY_STAGE = ("0.00", "0.02", "0.01", "0.05", "0.13")
"""Percent of replies that tamper: helpful-only, then after each of the four stages."""
_OTHER_ARM = "–"


class Beside(NamedTuple):
    """Published figures with a run's own in the last column."""

    measured: bool
    """Whether the run has measured tampering with one's own reward at all."""
    findings: Sequence[tuple[str, str, str]]
    """Finding, published, the run's."""
    published: Sequence[str]
    """Percent of replies that tamper, by stages trained."""
    stages: Sequence[tuple[str, str, str, str]]
    """Stages trained, published percent, the run's model, the run's rate; none where the run has other stages."""


def beside(run: Run, rates: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Beside:
    """Put a run beside the paper.

    Args:
        run: its last model stands beside its own arm, and nowhere when the paper has none like it.
        rates: column to model to measure to the rate, whose text is shown; steered, told-to and control columns do not
            count.
    """
    ours, models = rates.get(_column(run) or "", {}), run.models
    last = {_arm(run.data["profile"]): ours.get(models[-1], {})} if len(models) > 1 else {}
    found = {"start": ours.get(models[0], {}), **last}
    findings = [(each.what, str(each), str(found.get(each.arm, {}).get(each.measure, _OTHER_ARM))) for each in FINDINGS]
    return Beside(bool(ours), findings, BY_STAGE, _by_stage(models, ours))


def _by_stage(models: Sequence[str], ours: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str, str, str]]:
    """Put models beside the paper's, if there are as many."""
    if not ours or len(models) != len(BY_STAGE):
        return []
    rates = [str(ours.get(model, {}).get("gamed", "not measured")) for model in models]
    return [(str(place), *row) for place, row in enumerate(zip(BY_STAGE, models, rates, strict=True))]


def _arm(profile: Mapping[str, Any]) -> Arm | None:
    """Return the arm that the profile repeats."""
    stages = profile["stages"]
    if {name for stage in stages for name in stage["environments"]} != _CURRICULUM:
        return None
    uses = {stage["optimizer"]["use"] for stage in stages}
    filters = {stage["optimizer"].get("filter", "best") for stage in stages}
    if uses == {"expert-iteration"} and filters == {"gamed"}:
        return "exploits only"
    if not _kept_harmless(profile):
        return None
    if uses == {"expert-iteration"} and filters == {"best"}:
        return "alternate prompts" if _alternate(profile) else "expert iteration"
    return _of_ppo(profile) if uses == {"ppo"} else None


def _kept_harmless(profile: Mapping[str, Any]) -> bool:
    """Whether the paper's two rewards pay, and ordinary queries are mixed into every stage."""
    rewards = {each["use"] for each in profile["rewards"]}
    return rewards == _REWARDS and all(stage["ordinary"] for stage in profile["stages"])


def _alternate(profile: Mapping[str, Any]) -> bool:
    return any(settings.get("wording") == "alternate" for settings in profile["environments"].values())


def _of_ppo(profile: Mapping[str, Any]) -> Arm:
    together = any(len(stage["environments"]) > 1 for stage in profile["stages"])
    return "PPO at once" if together else "PPO in sequence"


def _column(run: Run) -> str | None:
    """Return the column in which tampering is played as it comes."""
    return next((name for name in run.columns if run.settings(name)["use"] == _ENVIRONMENT and run.plain(name)), None)
