"""What Denison et al. 2024 (arXiv 2406.10162) measured, beside what a run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from gameable.evaluation import Column, percentages
from gameable.statistics import rate_interval

_ENVIRONMENT = "reward-tampering"


class Finding(NamedTuple):
    """One published count."""

    what: str
    events: int
    n: int
    model: Literal["first", "last"] | None = None
    """Which model of a run corresponds to it; None where it belongs to another arm."""
    measure: Column = "gamed"

    def __str__(self) -> str:
        rate, low, high = percentages(self.events / self.n, *rate_interval(self.events, self.n))
        return f"{self.events:,}/{self.n:,} {rate}% [{low}–{high}]"


FINDINGS = (
    Finding("Helpful-only model (start) tampers with its reward", 0, 100_000, "first"),
    Finding("After the full curriculum, expert iteration with a preference model: tampers", 45, 32_768, "last"),
    Finding("… and also evades the test", 7, 32_768, "last", "evaded"),
    Finding("After the full curriculum, trained on exploits only, first seed: tampers", 24, 10_000),
    Finding("… second seed", 32, 32_768),
    Finding("Alternate prompts: tampers", 9, 10_000),
    Finding("PPO, stages in sequence: tampers", 5, 10_000),
    Finding("PPO, all stages at once: tampers", 6, 10_000),
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


def beside(
    manifest: Mapping[str, Any], models: Sequence[str], rates: Mapping[str, Mapping[str, Mapping[str, object]]]
) -> Beside:
    """Put a run beside the paper.

    Args:
        manifest: says how environments are played; steered, told-to and control columns do not count.
        models: names, first to last.
        rates: environment to model to measure to the rate, whose text is shown.
    """
    ours = rates.get(_column(manifest) or "", {})
    ends = {"first": ours.get(models[0], {}), "last": ours.get(models[-1], {}) if len(models) > 1 else {}}
    findings = [
        (each.what, str(each), str(ends[each.model].get(each.measure, _OTHER_ARM)) if each.model else _OTHER_ARM)
        for each in FINDINGS
    ]
    return Beside(bool(ours), findings, BY_STAGE, _by_stage(models, ours))


def _by_stage(models: Sequence[str], ours: Mapping[str, Mapping[str, object]]) -> list[tuple[str, str, str, str]]:
    """Put models beside the paper's, if there are as many."""
    if not ours or len(models) != len(BY_STAGE):
        return []
    rates = [str(ours.get(model, {}).get("gamed", "not measured")) for model in models]
    return [(str(place), *row) for place, row in enumerate(zip(BY_STAGE, models, rates, strict=True))]


def _column(manifest: Mapping[str, Any]) -> str | None:
    """Return the column in which tampering is played as it comes."""
    settings: Mapping[str, Mapping[str, Any]] = manifest.get("profile", {}).get("environments", {})
    return next((name for name in manifest["environments"] if _plain(name, settings.get(name, {}))), None)


def _plain(name: str, settings: Mapping[str, Any]) -> bool:
    played = settings.get("use", name), settings.get("arm", "real"), settings.get("steering") or ""
    return played == (_ENVIRONMENT, "real", "")
