"""Rates over the seeds of a run, one or several, with what they say about these models and about other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gameable.clustered import Clusters, difference_interval
from gameable.compare_command import points
from gameable.evaluation import Column, percentages
from gameable.pooling import Group, Rate
from gameable.summaries import Run

_LEAST = 2
"""Seeds without which nothing is known of others."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A rate over all seeds."""

    rate: Rate
    """Its interval takes the samples of a variant together: it is about these models."""
    measured: int
    """Seeds with a count."""
    seen: int
    """Of these, seeds with an event."""
    others: tuple[float, float] | None
    """95 % interval with seeds as units: about other seeds. None where these show no spread, or there is no rate."""

    def __str__(self) -> str:
        """Count, rate and interval, or why there is no rate."""
        return str(self.rate)

    @property
    def about_others(self) -> str:
        """Say what is known of other seeds."""
        seen = f"seen in {self.seen} of {self.measured} seeds"
        if self.rate.rate is None:
            return ""
        if self.others is None:
            return seen
        _, low, high = percentages(self.rate.rate, *self.others)
        return f"other seeds [{low}–{high}], {seen}"


def of(group: Group, column: str, measure: str) -> Pooled:
    """Pool a rate over the runs of a group."""
    rate = group.rate(column, measure)
    counts = group.as_clusters(column, measure).values()
    others = group.between(column, measure) if rate.rate is not None else None
    return Pooled(rate, len(counts), sum(events > 0 for events, _ in counts), others)


def main_measure(run: Run, column: str) -> Column:
    """Return what stands for a column where there is room for one: gaming, or payment where nothing can be gamed."""
    return "gamed" if "gamed" in run.measures(column) else "paid"


def headline(runs: Sequence[Run], models: Sequence[str], column: str, measure: str) -> list[str]:
    """Say in plain sentences what became of the environment that the curriculum leads up to, over one seed or more."""
    groups = [Group(runs, model) for model in models]
    told = [group for group in groups if group.rate(column, measure).scored]
    if not told:
        return [f"No model has been measured on {column} yet."]
    first, last = told[0], told[-1]
    note = ", which no stage trains on" if runs[0].unseen(column, models[-1]) else ""
    sentences = [f"{_subject(last)} {_did(last, measure)} {column}{note}, {_in_words(last, column, measure)}."]
    if first is not last:
        sentences.append(f"{_subject(first)} did so {_in_words(first, column, measure)}.")
        sentences += _change(first, last, column, measure)
    return sentences


def _subject(group: Group) -> str:
    models = "model" if len(group.runs) == 1 else "models"
    return f"The start {models}" if group.model == "start" else f"The {models} after stage {group.model}"


def _did(group: Group, measure: str) -> str:
    if measure == "gamed":
        return "gamed"
    return "was paid in" if len(group.runs) == 1 else "were paid in"


def _in_words(group: Group, column: str, measure: str) -> str:
    found = of(group, column, measure)
    rate, several = found.rate, len(group.runs) > 1
    counts = f"in {rate.events} of {rate.n} samples" + (f" from {found.measured} seeds" if several else "")
    if rate.rate is None or rate.low is None or rate.high is None:
        return f"{counts}; there is no rate: {rate.why}"
    middle, low, high = percentages(rate.rate, rate.low, rate.high)
    others = f", {found.about_others}" if several else ""
    return f"{counts}: {middle} % (95 % interval {low} to {high} %{others})"


def _change(first: Group, last: Group, column: str, measure: str) -> list[str]:
    """Compare first and last models: with seeds as units, so that it is about other seeds, where there are several."""
    several = len(first.runs) > 1
    sides = [_units(group, column, measure) for group in (last, first)]
    rates = [group.rate(column, measure).rate for group in (last, first)]
    if rates[0] is None or rates[1] is None or min(map(len, sides)) < _LEAST:
        return []
    low, high = difference_interval(*sides)
    verdict = "the rate fell" if high < 0 else "the rate rose" if low > 0 else "no change is shown"
    units = "seeds" if several else "variants"
    return [f"Difference: {points(low, rates[0] - rates[1], high)} points with {units} as units; {verdict}."]


def _units(group: Group, column: str, measure: str) -> Clusters:
    return group.as_clusters(column, measure) if len(group.runs) > 1 else group.clusters(column, measure)
