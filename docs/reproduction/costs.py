"""What the runs took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gameable.summaries import Run


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    run: str
    minutes: float
    """Without steps that a stop cut in two: nobody knows how long those took."""
    steps: dict[str, float]
    """Minutes of each kind of step."""
    episodes: int
    """Episodes that models were sampled in, for training and for evaluation."""
    tokens: int
    """Tokens that the models wrote in them."""
    peak_memory_bytes: int | None


def costs(runs: Iterable[Run]) -> list[Cost]:
    """Return what each run took."""
    return [_cost(run) for run in runs]


def _cost(run: Run) -> Cost:
    steps: Mapping[str, Mapping[str, float]] = run.data["steps"]
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, step in steps.items():
        seconds["rewards" if name.startswith("rewards/") else name.rpartition("/")[2]] += step.get("seconds") or 0
    minutes = {kind: spent / 60 for kind, spent in seconds.items()}
    episodes, tokens = (int(sum(step.get(what, 0) for step in steps.values())) for what in ("episodes", "tokens"))
    return Cost(run.name, sum(minutes.values()), minutes, episodes, tokens, run.data["peak_memory_bytes"])
