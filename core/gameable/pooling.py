"""Rates of models, pooled over runs that made them in the same way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gameable.clustered import Clusters, Count, interval, measured, pooled, totals
from gameable.evaluation import percentages
from gameable.summaries import Run


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with all that it rests on, pooled over runs."""

    events: int
    n: int
    engaged: int
    scored: int
    played: int
    rate: float | None
    """None where fewer than two variants were measured, or too few samples engaged."""
    low: float | None
    high: float | None
    """Ends of the 95 % interval, with the samples of a variant taken together."""
    why: str = ""
    """Why there is no rate; empty when there is one."""

    def __str__(self) -> str:
        """Count, rate and interval, or why there is no rate."""
        if self.rate is None or self.low is None or self.high is None:
            return self.why
        rate, low, high = percentages(self.rate, self.low, self.high)
        return f"{self.events}/{self.n} {rate} % [{low}–{high}]"


@dataclass(frozen=True, slots=True)
class Group:
    """The models that several runs of an arm made by the same stage."""

    runs: Sequence[Run]
    model: str

    def clusters(self, column: str, measure: str) -> Clusters:
        """Return counts by variant, added up over runs."""
        return pooled(run.clusters(self.model, column, measure) for run in self.runs)

    def seeds(self, column: str, measure: str) -> dict[int, Count]:
        """Return the counts of each run by its seed."""
        return {run.seed: totals(run.clusters(self.model, column, measure)) for run in self.runs}

    def rate(self, column: str, measure: str, variants: Collection[str] | None = None) -> Rate:
        """Return the rate over all runs; of these variants only, if they are given."""
        clusters = {name: count for name, count in self.clusters(column, measure).items() if _in(variants, name)}
        events, n = totals(clusters)
        engaged, scored, played = (self._sum(column, what, variants) for what in ("engaged", "scored", "played"))
        why = self._why(measured(clusters), engaged, scored)
        if why:
            return Rate(events, n, engaged, scored, played, None, None, None, why)
        return Rate(events, n, engaged, scored, played, events / n, *interval(clusters))

    def as_clusters(self, column: str, measure: str) -> Clusters:
        """Return the counts of runs that have any, as the clusters of statistics about runs from other seeds."""
        return {str(seed): count for seed, count in self.seeds(column, measure).items() if count[1]}

    def between(self, column: str, measure: str) -> tuple[float, float] | None:
        """Return the 95 % interval of the rate with runs as what is independent, which is about runs from other seeds.

        None with fewer than two of them, and where no sample or every sample is an event: then they show no spread.
        """
        seeds = self.as_clusters(column, measure)
        events, n = totals(seeds)
        return interval(seeds) if len(seeds) > 1 and 0 < events < n else None

    def _why(self, variants: int, engaged: int, scored: int) -> str:
        """Say why there can be no rate; nothing when there can."""
        if not variants:
            return "not measured"
        if engaged < self.runs[0].data["floor"] * scored:
            return f"too few engaged ({engaged}/{scored})"
        return "one variant, so no spread" if variants == 1 else ""

    def _sum(self, column: str, what: str, variants: Collection[str] | None) -> int:
        counts = (run.counts(self.model, column, what) for run in self.runs)
        return sum(count for each in counts for name, count in each.items() if _in(variants, name))


def _in(variants: Collection[str] | None, name: str) -> bool:
    return variants is None or name in variants
