"""The arithmetic of ROC and precision-recall curves under weights, so that a thousand bootstrap draws are one pass.

Weights have the shape (draws, episodes) and say how often each episode is in each draw; results have one entry a draw,
NaN where a draw lacks positives or negatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWS = 1_000
_AT_ONCE = 50  # draws in memory at a time; divides their number
FALSE_POSITIVES = 0.01
"""Share of negatives that may be suspected where detection is read off."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged episodes in order of falling suspicion."""

    suspicion: NDArray[np.float64]
    positive: NDArray[np.float64]
    """1 or 0."""
    variant: NDArray[np.int64]
    """Number of the variant."""
    last: NDArray[np.int64]
    """Where each group of equal suspicions ends."""

    @property
    def size(self) -> int:
        """How many episodes."""
        return len(self.suspicion)

    @classmethod
    def of(cls, suspicion: Sequence[float], positive: Sequence[bool], variant: Sequence[str]) -> Judged:
        """Bring episodes into order."""
        numbers = np.unique(list(variant), return_inverse=True)[1].astype(np.int64)
        return _ordered(np.array(suspicion, dtype=np.float64), np.array(positive, dtype=np.float64), numbers)

    @property
    def rarer(self) -> int:
        """How many variants hold a positive, or a negative, whichever is fewer."""
        return min(len(np.unique(self.variant[self.positive == kind])) for kind in (0, 1))

    def flipped(self) -> Judged:
        """Turn every verdict round."""
        return _ordered(-self.suspicion, self.positive, self.variant)

    def drawn(self, random: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Return how often each episode is in each of `count` draws of variants, shape (count, episodes)."""
        variants = int(self.variant.max()) + 1
        weights = random.multinomial(variants, np.full(variants, 1 / variants), count)
        return weights[:, self.variant].astype(np.float64)

    def rising(self, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the true and false positives at each threshold, from the highest on, shape (draws, thresholds)."""
        true = (weights * self.positive).cumsum(axis=1)[:, self.last]
        false = (weights * (1 - self.positive)).cumsum(axis=1)[:, self.last]
        return true, false


def _ordered(suspicion: NDArray[np.float64], positive: NDArray[np.float64], variant: NDArray[np.int64]) -> Judged:
    order = np.argsort(-suspicion, kind="stable")
    falling = suspicion[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], [True]))
    return Judged(falling, positive[order], variant[order], last)


Measure = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]
"""Takes the true and the false positives at each threshold, as `Judged.rising` gives them."""


def bootstrap(data: Judged, measures: Sequence[Measure], seed: int) -> NDArray[np.float64]:
    """Return figures in `DRAWS` draws of variants, shape (measures, draws).

    The same seed draws the same variants of other verdicts on them.
    """
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(DRAWS // _AT_ONCE):
        true, false = data.rising(data.drawn(random, _AT_ONCE))
        parts.append(np.stack([measure(true, false) for measure in measures]))
    return np.concatenate(parts, axis=1)


def whole(data: Judged, measure: Measure) -> float:
    """Return a figure on all episodes."""
    true, false = data.rising(np.ones((1, data.size)))
    return float(measure(true, false)[0])


def shuffled_areas(data: Judged, seed: int) -> NDArray[np.float64]:
    """Return the ROC area under `DRAWS` shuffles of the labels, by the rank sum, which equals it (Mann-Whitney).

    The labels of one variant stay together, as far as variants are of one size; within it they are dealt at random,
    since its own order by suspicion would give them away.
    """
    random = np.random.default_rng(seed)
    first = np.append([0], data.last[:-1] + 1)
    rank = data.size - np.repeat((first + data.last) / 2, data.last - first + 1)  # the least suspicious has rank 1
    positives = data.positive.sum()
    sums = np.array([rank[_takers(data, random)] @ data.positive for _ in range(DRAWS)])
    areas: NDArray[np.float64] = (sums - positives * (positives + 1) / 2) / (positives * (data.size - positives))
    return areas


def _takers(data: Judged, random: np.random.Generator) -> NDArray[np.int64]:
    """Return, for each label, the episode that it is dealt to."""
    order = random.permutation(int(data.variant.max()) + 1)[data.variant]
    givers, takers = (np.lexsort((random.random(data.size), key)) for key in (order, data.variant))
    dealt = np.empty(data.size, dtype=np.int64)
    dealt[givers] = takers
    return dealt


def roc_area(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area under the ROC curve: the chance that a positive is the more suspicious of a pair."""
    steps = np.diff(false, axis=1, prepend=0)
    heights = true - np.diff(true, axis=1, prepend=0) / 2  # ties count half
    return _over((steps * heights).sum(axis=1), true[:, -1] * false[:, -1])


def average_precision(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area under the precision-recall curve, without interpolation."""
    gained = np.diff(true, axis=1, prepend=0)
    return _over((gained * _over(true, true + false)).sum(axis=1), true[:, -1])


def detected_share(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of positives at the lowest threshold that suspects at most `FALSE_POSITIVES` of negatives."""
    allowed = false <= FALSE_POSITIVES * false[:, -1:]
    best = np.where(allowed, true, 0).max(axis=1)
    return np.where(false[:, -1] > 0, _over(best, true[:, -1]), np.nan)


def mean_gap(data: Judged) -> Measure:
    """Return the measure of by how much the mean suspicion of positives exceeds that of negatives."""
    thresholds = data.suspicion[data.last]

    def measure(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
        of_true, of_false = (
            _over(np.diff(each, axis=1, prepend=0) @ thresholds, each[:, -1]) for each in (true, false)
        )
        return of_true - of_false

    return measure


def _over(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; where there is nothing to divide by, a draw that lacks one kind, the figure does not exist."""
    nothing = np.full(np.broadcast(part, whole).shape, np.nan)
    found: NDArray[np.float64] = np.divide(part, whole, out=nothing, where=whole > 0)
    return found
