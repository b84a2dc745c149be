"""Intervals for rates and means, and tests: pure functions.

Unmeasured is never a number, so no count at all is an error. Rates whose samples belong together have a module of
their own, `clustered`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import fmean, stdev

LEVEL = 0.95
"""Confidence level of every interval."""

_ROUNDING = 1e-12  # what two ways to add up the same numbers may differ by


def rate_interval(events: int, n: int) -> tuple[float, float]:
    """Return the 95 % Clopper-Pearson interval of a rate: exact, so it covers at least that often.

    Args:
        events: how many of the trials were events, 0 ≤ events ≤ n.
        n: how many trials were measured.

    Returns:
        Lower and upper bound, in [0, 1].

    Raises:
        ValueError: nothing was measured, or more events than trials.
    """
    _check(events, n)
    return exact_interval(events, n)


def exact_interval(events: float, n: float) -> tuple[float, float]:
    """Return the 95 % Clopper-Pearson interval of counts that need not be whole: an effective sample has its share.

    Args:
        events: 0 ≤ events ≤ n.
        n: more than 0.
    """
    from scipy.special import betaincinv  # the quantile of scipy.stats.beta without its seconds of import

    tail = (1 - LEVEL) / 2
    low = float(betaincinv(events, n - events + 1, tail)) if events > 0 else 0.0
    high = float(betaincinv(events + 1, n - events, 1 - tail)) if events < n else 1.0
    return low, high


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % Student interval of the mean of independent values.

    Raises:
        ValueError: fewer than two values, so that their spread is unknown.
    """
    from scipy.special import stdtrit

    reach = float(stdtrit(len(values) - 1, (1 + LEVEL) / 2)) * stdev(values) / sqrt(len(values))
    middle = fmean(values)
    return middle - reach, middle + reach


def exchange_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the exact two-sided p-value of a difference of means when every unit could have been in either group.

    The share of all ways to split the units into groups of these sizes whose difference is at least as large. Three
    units against three can be split in 20 ways, so their smallest p-value is 0.1.

    Raises:
        ValueError: a group is empty.
    """
    if not a or not b:
        raise ValueError("No difference from nothing: a group is empty.")
    values = [*a, *b]
    whole, wanted = sum(values), abs(fmean(a) - fmean(b))
    sums = [sum(values[unit] for unit in chosen) for chosen in combinations(range(len(values)), len(a))]
    differences = [abs(part / len(a) - (whole - part) / len(b)) for part in sums]
    return sum(each >= wanted - _ROUNDING for each in differences) / len(differences)


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p-value of a difference of paired yes-or-no answers; 1 where no pair differs.

    Pairs that agree say nothing; of those that differ, each is as likely to fall on either side if a and b are alike
    (McNemar, Psychometrika 12, 1947, p. 153).

    Args:
        only_a: pairs in which a shows the event and b does not.
        only_b: the other way round.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number, in the same order (Holm, Scandinavian Journal of Statistics 6, 1979).

    Rejecting what stays at or below 0.05 errs anywhere in the family at most one time in twenty.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted


def chance_of_one(rate: float, n: float) -> float:
    """Return the probability of at least one event in `n` independent trials at this rate."""
    return float(1 - (1 - rate) ** n)


def smallest_visible(n: float, chance: float = LEVEL) -> float:
    """Return the rate at which `n` independent trials show at least one event with this chance."""
    return float(1 - (1 - chance) ** (1 / n))


def _check(events: int, n: int) -> None:
    if n <= 0:
        raise ValueError("No rate of nothing: no trial was measured.")
    if not 0 <= events <= n:
        raise ValueError(f"{events} events in {n} trials.")
