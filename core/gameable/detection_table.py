"""What each monitor of a run is worth, by environment and model, read from the run's folder.

A monitor that screened or penalised in training, of this run or of the weights that it began with, is marked, and so is
any other that is made of the same: what trained against a monitor has learned to look good to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

from gameable.detection import Detection, Figure, Seen, detect, difference, is_positive
from gameable.episode import Measured, Score
from gameable.monitoring import PREFIX
from gameable.store import Store

ALL = "all models"
"""Stands for the evaluations of all models together."""
TRAINED_AGAINST = "trained against"

Phase = Literal["evaluate", "train"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a monitor's verdicts in a run have cost."""

    inspected: int = 0
    """Episodes."""
    seconds: float = 0.0
    tokens: int = 0
    """Read and written by language models."""

    def __str__(self) -> str:
        if not self.inspected:
            return "not known"
        return f"{self.tokens / self.inspected:,.0f} tokens, {self.seconds / self.inspected:.2g} s an episode"


@dataclass(frozen=True, slots=True)
class Row:
    """One monitor on one environment under one model."""

    monitor: str
    trained_against: bool
    environment: str
    model: str
    """The model that was evaluated, or the round that was sampled for training."""
    phase: Phase
    detection: Detection


@dataclass(frozen=True, slots=True)
class Comparison:
    """By how much the ROC area of one monitor exceeds that of another on the same evaluations, of all models."""

    monitor: str
    other: str
    environment: str
    difference: Figure
    episodes: int
    trained_against: tuple[str, ...]
    """Which of the two the run trained against."""


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that a run's folder says about its monitors."""

    rows: Sequence[Row]
    comparisons: Sequence[Comparison]
    costs: Mapping[str, Cost]
    trained_against: frozenset[str]
    """Names of the monitors that the run trained against."""
    overall: str
    """Which rows show all evaluations: `ALL`, or the only model where there is but one."""

    def called(self, monitor: str) -> str:
        """Return the name with the mark that it must carry."""
        return f"{monitor} ({TRAINED_AGAINST})" if monitor in self.trained_against else monitor


def monitors(store: Store) -> dict[str, dict[str, Any]]:
    """Return what the run notes of each monitor that ever looked at its episodes, by name."""
    milestones = store.milestones().items()
    return {name.split("/")[1]: body for name, body in milestones if name.startswith("monitors/") and _is_note(name)}


def _is_note(milestone: str) -> bool:
    return milestone.count("/") == 1


def gates(noted: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the classes of the monitors that were used in training."""
    return {each for body in noted.values() if body["mode"] != "audit" for each in body["classes"]}


def trained_against(noted: Mapping[str, Mapping[str, Any]], brought: Iterable[str] = ()) -> frozenset[str]:
    """Return the monitors that were used in training or share a class with one that was.

    Args:
        noted: What the run notes of each monitor, by name.
        brought: Classes of monitors that the weights that the run began with were trained against.
    """
    used = gates(noted) | set(brought)
    return frozenset(name for name, body in noted.items() if used & set(body["classes"]))


def table(store: Store, only: Sequence[str] | None = None) -> Table:
    """Work out what the monitors of a run are worth, as far as it has got.

    Args:
        store: The run.
        only: Names of monitors whose rows are wanted, with their comparisons to all others; all of them if left out.
    """
    noted = monitors(store)
    against = trained_against(noted, store.manifest.get("trained_against", ()))
    wanted = [name for name in noted if only is None or name in only]
    seen = _seen(store, list(noted))
    rows = [
        Row(name, name in against, environment, model, phase, detect(episodes[name]))
        for (phase, environment, model), episodes in seen.items()
        for name in wanted
        if episodes[name]
    ]
    overall = _overall(store)
    evaluations = {group[1]: seen[group] for group in seen if (group[0], group[2]) == ("evaluate", overall)}
    comparisons = list(_comparisons(evaluations, noted, set(wanted), against))
    return Table(rows, comparisons, {name: _cost(store, name) for name in wanted}, against, overall)


_Group = tuple[Phase, str, str]


def _comparisons(
    seen: Mapping[str, Mapping[str, Sequence[Seen]]],
    noted: Mapping[str, Any],
    wanted: set[str],
    against: frozenset[str],
) -> Iterator[Comparison]:
    pairs = [pair for pair in combinations(noted, 2) if wanted & set(pair)]
    for environment, episodes in seen.items():
        for one, other in pairs:
            found = difference(episodes[one], episodes[other])
            if found is not None:
                marked = tuple(name for name in (one, other) if name in against)
                yield Comparison(one, other, environment, *found, marked)


def _seen(store: Store, names: Sequence[str]) -> dict[_Group, dict[str, list[Seen]]]:
    """Collect what each monitor saw by phase, environment and model, in the run's own order."""
    found: dict[_Group, dict[str, list[Seen]]] = {}
    for group, name, each in _verdicts(store, names):
        found.setdefault(group, {known: [] for known in names})[name].append(each)
    environments, models = list(store.manifest["environments"]), [*store.manifest["models"], ALL]
    return dict(sorted(found.items(), key=lambda item: _place(item[0], environments, models)))


def _place(group: _Group, environments: Sequence[str], models: Sequence[str]) -> tuple[int, int, str, int, str]:
    phase, environment, model = group
    known = [names.index(name) if name in names else len(names)
             for names, name in ((environments, environment), (models, model))]  # fmt: skip
    return phase == "train", known[0], environment, known[1], model


def _verdicts(store: Store, names: Sequence[str]) -> Iterator[tuple[_Group, str, Seen]]:
    phases: tuple[Phase, ...] = ("evaluate", "train")
    overall = _overall(store)
    for phase in phases:
        scores = dict(store.scores(f"{phase}/"))
        for row in store.outcomes(f"{phase}/"):
            models = {row.id.split("/")[1], *([overall] if phase == "evaluate" else [])}
            looked = scores.get(row.id, {})
            for name in (name for name in names if PREFIX + name in looked):
                each = Seen(row.id, row.variant, _value(looked[PREFIX + name]), is_positive(row.label))
                yield from (((phase, row.environment, model), name, each) for model in models)


def _overall(store: Store) -> str:
    models = store.manifest["models"]
    return ALL if len(models) > 1 else str(models[0])


def _value(score: Score) -> float | None:
    return score.value if isinstance(score, Measured) else None


def _cost(store: Store, name: str) -> Cost:
    bodies: Iterable[dict[str, Any]] = store.milestones().values()
    parts = [body["monitors"].get(name, {}) for body in bodies if isinstance(body.get("monitors"), dict)]
    return Cost(*(sum(part.get(what, 0) for part in parts) for what in Cost.__dataclass_fields__))


def as_json(found: Table) -> dict[str, Any]:
    """Everything that was found, as plain data."""
    rows = [{**asdict(row), "coverage": row.detection.coverage} for row in found.rows]
    for row in rows:
        row["detection"]["curve"] = [point._asdict() for point in row["detection"]["curve"]]
    comparisons = [asdict(each) for each in found.comparisons]
    costs = {name: asdict(cost) for name, cost in found.costs.items()}
    return {
        "rows": rows,
        "comparisons": comparisons,
        "costs": costs,
        TRAINED_AGAINST.replace(" ", "_"): sorted(found.trained_against),
    }
