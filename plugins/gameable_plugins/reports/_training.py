"""What each stage of a run sampled, was paid, kept and learned, arranged for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gameable import Estimate, Measured, Score
from gameable.store import TOTAL, Store

Milestones = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of sampling, training and evaluating; figures that are not there yet are missing."""

    label: str
    sampled: Mapping[str, Any]
    trained: Mapping[str, Any]
    evaluated: Mapping[str, Any]

    @property
    def planted(self) -> int:
        """Scripted gaming episodes that were mixed in."""
        return int(self.trained.get("planted") or 0)

    @property
    def losses(self) -> Sequence[Mapping[str, Any]]:
        """Logged rows that have a loss."""
        return [row for row in self.trained.get("curve", ()) if {"step", "loss"} <= set(row)]

    @property
    def loss(self) -> str:
        """First and last logged loss."""
        rows = self.losses
        return f"{rows[0]['loss']:.3g} → {rows[-1]['loss']:.3g}" if rows else ""

    @property
    def gap(self) -> str:
        """Largest difference of log-probabilities between trainer and sampler after the weights were handed over."""
        gap = (self.trained.get("canary") or {}).get("gap")
        return "" if gap is None else f"{gap:.2g}"

    @property
    def speed(self) -> str:
        """Tokens sampled a second."""
        seconds, tokens = self.sampled.get("seconds"), self.sampled.get("tokens")
        return f"{tokens / seconds:,.0f}" if seconds and tokens else ""


def stages(milestones: Milestones) -> list[Stage]:
    """Return the stages that have reached some milestone, in order."""
    kinds = ("sampled", "trained", "evaluated")
    labels = dict.fromkeys(name.rpartition("/")[0] for name in milestones if name.rpartition("/")[2] in kinds)
    return [Stage(label, *(milestones.get(f"{label}/{kind}", {}) for kind in kinds)) for label in labels]


def planted(stages: Sequence[Stage]) -> list[tuple[str, str]]:
    """Return a warning for each round with scripted gaming episodes, whether its optimizer used them or not."""
    text = (
        "among the samples of stage {} were {} scripted gaming episodes (seeded exploration). What later models do may "
        "come from them, and not only from what sampling and reward brought about."
    )
    return [("Planted:", text.format(stage.label, stage.planted)) for stage in stages if stage.planted]


def preparations(milestones: Milestones) -> dict[str, Mapping[str, Any]]:
    """Return what each reward source reported about itself, such as the held-out accuracy of a preference model."""
    return {name.removeprefix("rewards/"): body for name, body in milestones.items() if name.startswith("rewards/")}


@dataclass(slots=True)
class Mean:
    """A running mean of scores that keeps the unscored apart."""

    n: int = 0
    unscored: int = 0
    total: float = field(default=0.0, repr=False)

    def add(self, score: Score) -> None:
        """Count one score."""
        if isinstance(score, Measured):
            self.n += 1
            self.total += score.value
        else:
            self.unscored += 1

    @property
    def value(self) -> float:
        """Mean of the measured ones; there must be one."""
        return self.total / self.n

    def __str__(self) -> str:
        missing = f", {self.unscored} unscored" if self.unscored else ""
        return f"{self.value:.3f} (n = {self.n}{missing})" if self.n else f"not measured ({self.unscored} unscored)"


Rewards = Mapping[tuple[str, str], Mapping[str, Mean]]
"""Round and environment to source to mean score."""


def rewards(store: Store) -> dict[tuple[str, str], dict[str, Mean]]:
    """Return mean scores of the sampled episodes."""
    means: dict[tuple[str, str], dict[str, Mean]] = {}
    for name, scores in store.scores("train/"):
        _, label, environment, *_ = name.split("/")
        row = means.setdefault((label, environment), {})
        for source, score in scores.items():
            if "/" not in source:  # no monitor's verdict, and nothing that was computed again
                row.setdefault(source, Mean()).add(score)
    return means


def sources(rewards: Rewards) -> list[str]:
    """Return the reward sources, the total last."""
    return sorted({source for row in rewards.values() for source in row}, key=lambda source: (source == TOTAL, source))


def curves(rewards: Rewards, order: Sequence[str]) -> tuple[dict[str, dict[str, dict[str, float]]], list[str]]:
    """Return source to environment to round to mean score, and the rounds that were scored, in their order."""
    found: dict[str, dict[str, dict[str, float]]] = {source: {} for source in sources(rewards)}
    for (label, environment), row in rewards.items():
        for source, mean in row.items():
            if mean.n:
                found[source].setdefault(environment, {})[label] = mean.value
    scored = {label for label, _ in rewards}
    return found, [label for label in order if label in scored]


def estimates(milestones: Milestones) -> dict[tuple[str, str], dict[str, Estimate]]:
    """Return further figures of environments: (environment, figure) to model to estimate."""
    found: dict[tuple[str, str], dict[str, Estimate]] = {}
    for model, environment, row in _estimate_rows(milestones):
        estimate = Estimate(**row)
        found.setdefault((environment, estimate.name), {})[model] = estimate
    return dict(sorted(found.items()))


def _estimate_rows(milestones: Milestones) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for milestone, body in milestones.items():
        model, _, kind = milestone.rpartition("/")
        if kind == "evaluated":
            yield from ((model, name, row) for name, rows in body.get("estimates", {}).items() for row in rows)
