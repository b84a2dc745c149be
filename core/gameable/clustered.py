"""Rates whose samples belong together: samples of one variant are not independent trials.

Everything here takes counts by cluster. A cluster is a variant; models, seeds and arms are measured on the same
variants, so that their differences are paired. Random draws begin from a fixed seed: the same counts, the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt

import numpy as np

from gameable.statistics import LEVEL, exact_interval

Count = tuple[int, int]
"""Events, and how many samples were measured."""
Clusters = Mapping[str, Count]
"""Counts by the name of the cluster."""

FEWEST = 2
"""Clusters that a rate's interval takes: one has no spread."""
DRAWS = 9_999
"""Random permutations of a test; with the observed one, p-values go down to 0.0001."""
ROUNDING = 1e-9
"""What two ways to add up the same counts may differ by."""


def pooled(parts: Iterable[Clusters]) -> dict[str, Count]:
    """Add up counts cluster by cluster, for example those of several seeds."""
    sums: dict[str, Count] = {}
    for part in parts:
        for name, (events, n) in part.items():
            before = sums.get(name, (0, 0))
            sums[name] = before[0] + events, before[1] + n
    return sums


def totals(clusters: Clusters) -> Count:
    """Return events and measured samples of all clusters."""
    return sum(events for events, _ in clusters.values()), sum(n for _, n in clusters.values())


def measured(clusters: Clusters) -> int:
    """Return how many clusters have any measured sample."""
    return sum(n > 0 for _, n in clusters.values())


def design_effect(clusters: Clusters) -> float:
    """Return how many times the variance of the rate exceeds that of as many independent samples.

    Kish, Survey Sampling, 1965, section 8.2, with the linearised variance of a ratio. 1 where there are no events or
    nothing but events: such a sample cannot show any.

    Raises:
        ValueError: fewer than two clusters were measured.
    """
    events, n = totals(clusters)
    spread = _variance(_influences(clusters), measured(clusters))
    return spread * n / (events / n * (1 - events / n)) if 0 < events < n else 1.0


def effective_size(clusters: Clusters) -> float:
    """Return how many independent samples would tell as much: n over the design effect, which counts as 1 at least.

    Few clusters estimate the design effect badly; the size is reduced by the ratio of Student quantiles with which
    Korn and Graubard (Survey Methodology 24, 1998, p. 193) allow for that.

    Raises:
        ValueError: fewer than two clusters were measured.
    """
    _, n = totals(clusters)
    allowance = (student(n - 1) / student(measured(clusters) - 1)) ** 2
    return n / max(1.0, design_effect(clusters)) * allowance


def interval(clusters: Clusters) -> tuple[float, float]:
    """Return the 95 % interval of a rate by Korn and Graubard: Clopper-Pearson on the effective sample size.

    It stays an interval at rates of 0 and 1. There the sample does not show how much its clusters hang together:
    `ceiling` gives the bound that holds however much they do.

    Raises:
        ValueError: fewer than two clusters were measured.
    """
    events, n = totals(clusters)
    size = effective_size(clusters)
    return exact_interval(events / n * size, size)


def ceiling(clusters: Clusters) -> float:
    """Return an upper bound of the rate that holds whatever the clustering, at the confidence of an interval's end.

    The rate is no higher than the share of clusters with any event, whose exact bound this is.

    Raises:
        ValueError: nothing was measured.
    """
    if not measured(clusters):
        raise ValueError("No rate of nothing: no sample was measured.")
    return exact_interval(sum(events > 0 for events, _ in clusters.values()), measured(clusters))[1]


def difference_interval(a: Clusters, b: Clusters) -> tuple[float, float]:
    """Return a 95 % interval of rate a minus rate b, where clusters of the same name belong together.

    The distances of the two rates to the ends of their own intervals are combined, with the correlation over clusters
    (Zou, Psychological Methods 12, 2007, p. 399; for plain pairs Newcombe, Statistics in Medicine 17, 1998, p. 2635).
    It stays an interval where one or both rates are 0 or 1.

    Raises:
        ValueError: fewer than two clusters were measured on one side.
    """
    (low_a, high_a), (low_b, high_b) = interval(a), interval(b)
    rate_a, rate_b = _rate(a), _rate(b)
    shared = _correlation(a, b)
    difference = rate_a - rate_b
    low = difference - _combined(rate_a - low_a, high_b - rate_b, shared)
    high = difference + _combined(high_a - rate_a, rate_b - low_b, shared)
    return max(low, -1.0), min(high, 1.0)


def difference_p(a: Clusters, b: Clusters) -> float:
    """Return the two-sided p-value of a difference of rates, over the clusters that both sides measured.

    If a and b were alike, either side's rate in a cluster could have been the other's: rates are swapped in whole
    clusters at random, which turns the sign of what a cluster adds to the difference. A cluster weighs as in Cochran
    (Biometrics 10, 1954, p. 417), by n_a n_b / (n_a + n_b) samples; where both sides have as many, that is swapping
    the counts. The observed arrangement counts as one draw (Phipson and Smyth, Statistical Applications in Genetics
    and Molecular Biology 9, 2010, article 39), so the value is never zero.

    Raises:
        ValueError: no cluster was measured on both sides.
    """
    names = sorted(name for name in a.keys() & b.keys() if a[name][1] and b[name][1])
    if not names:
        raise ValueError("No difference from nothing: no variant was measured on both sides.")
    (events_a, n_a), (events_b, n_b) = (np.array([side[name] for name in names], dtype=np.float64).T for side in (a, b))
    gains = (events_a * n_b - events_b * n_a) / (n_a + n_b)
    gains = gains[gains != 0]  # the others are the same after a swap
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (DRAWS, len(gains)))
    return share_of(np.abs(signs @ gains), abs(gains.sum()))


def share_of(drawn: np.ndarray, observed: float) -> float:
    """Return the share of draws at least as large as what was observed, the observed one among them."""
    return float((1 + np.count_nonzero(drawn >= observed - ROUNDING)) / (1 + len(drawn)))


def _rate(clusters: Clusters) -> float:
    events, n = totals(clusters)
    return events / n


def _influences(clusters: Clusters) -> dict[str, float]:
    """Return what each cluster adds to the error of the rate, to first order."""
    if measured(clusters) < FEWEST:
        raise ValueError("One variant has no spread: measure two or more.")
    events, n = totals(clusters)
    return {name: (mine - events / n * size) / n for name, (mine, size) in clusters.items()}


def _variance(influences: Mapping[str, float], count: int) -> float:
    return count / (count - 1) * sum(each**2 for each in influences.values())


def _correlation(a: Clusters, b: Clusters) -> float:
    """Return the correlation of the two rates' errors over clusters; 0 where one of them shows no error."""
    one, other = _influences(a), _influences(b)
    scale = sqrt(sum(each**2 for each in one.values()) * sum(each**2 for each in other.values()))
    return sum(one[name] * other[name] for name in one.keys() & other.keys()) / scale if scale else 0.0


def _combined(reach_a: float, reach_b: float, correlation: float) -> float:
    return sqrt(max(0.0, reach_a**2 + reach_b**2 - 2 * correlation * reach_a * reach_b))


def student(freedom: float, share: float = (1 + LEVEL) / 2) -> float:
    """Return the quantile of Student's distribution below which this share lies."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))
