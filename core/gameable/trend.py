"""Whether a rate rises with the stage, over one environment or several: slope, test, interval, and the power to see it.

Counts come in blocks: what belongs together, at every stage. A stratum is an environment; rates differ between strata,
and only changes within one count. Random draws begin from a fixed seed: the same counts, the same answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from gameable.clustered import DRAWS, ROUNDING, Count, share_of, student

POWER = 0.8
"""How often a rise is seen that is called visible."""
_AT_ONCE = 99  # draws in memory at a time; divides their number
_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Stratum:
    """Counts of one environment, stage by stage."""

    blocks: Sequence[Sequence[Count]]
    """One a block, first stage to last: a variant of a run, or a whole run with its variants added up."""
    scores: Sequence[float]
    """How much training each stage has had, in stages: 0 for the start."""
    clusters: Sequence[Hashable] = ()
    """What each block belongs to, the same in all strata, such as its run; needed for the spread between clusters."""

    @property
    def table(self) -> np.ndarray:
        """Events and samples, shape (blocks, stages, 2)."""
        return np.array(self.blocks, dtype=np.float64).reshape(len(self.blocks), -1, 2)


@dataclass(frozen=True, slots=True)
class Trend:
    """How a rate goes with the stage."""

    slope: float
    """Change of the rate from one stage to the next, by weighted least squares."""
    p: float
    """Two-sided."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How well a slope is known."""

    low: float
    high: float
    """Ends of the 95 % interval of the slope."""
    p: float | None
    """Two-sided, by Student's distribution over clusters; None where they do not differ at all."""


def trend(blocks: Sequence[Sequence[Count]]) -> Trend:
    """Test whether a rate rises or falls with the stage: Cochran-Armitage, with a p-value by permutation.

    The statistic is Armitage's (Biometrics 11, 1955, p. 375) with scores 0, 1, 2, …; its distribution comes from
    putting the stages of each block into random order, so that what belongs together stays together.

    Args:
        blocks: counts at every stage, first to last. A block is a variant of a run, which asks whether these models
            differ in order; or a whole run with its variants added up, which asks whether training makes such an order,
            as all samples of a model share its luck.

    Raises:
        ValueError: nothing was measured, or there is one stage only.
    """
    return trend_over([Stratum(blocks, range(len(blocks[0]) if blocks else 0))])


def trend_over(strata: Sequence[Stratum]) -> Trend:
    """Test several environments at once: the statistics of all strata are added up (Mantel, JASA 58, 1963, p. 690).

    Raises:
        ValueError: no stratum has two stages and something measured.
    """
    told = _telling(strata)
    random = np.random.default_rng(0)
    observed = _statistic(told)
    drawn = sum((_reordered(_excess(each.table), _centred(each), random) for each in told), np.zeros(DRAWS))
    return Trend(observed / sum(map(_spread, told)), share_of(np.abs(drawn), abs(observed)))


def reach(strata: Sequence[Stratum]) -> Reach | None:
    """Return interval and test of the slope with the spread that clusters show; None with fewer than two of them."""
    told = _telling(strata)
    slope = _slope(told)
    residuals = _residuals(told, slope)
    freedom = len(residuals) - 1
    if freedom < 1:
        return None
    error = sqrt(_variance(residuals)) / sum(map(_spread, told))
    if error < ROUNDING:
        return Reach(slope, slope, None)
    far = student(freedom) * error
    return Reach(slope - far, slope + far, 2 * (1 - _below(abs(slope) / error, freedom)))


def visible_rise(strata: Sequence[Stratum]) -> float | None:
    """Return the smallest rise a stage that such a measurement shows four times in five; None where it shows none.

    By the normal approximation (Nam, Biometrics 43, 1987, p. 701): rates begin where the first stage's were, half an
    event added, and rise by the same number of points a stage in every environment. The variance is that of independent
    samples, or larger by as much as the clusters show; few clusters widen it by Student's quantiles.
    """
    told = _telling(strata)
    freedom = len({name for each in told for name in each.clusters}) - 1
    if freedom < 1:
        return None
    excess = sqrt(_inflation(told))
    sizes = student(freedom) * excess, student(freedom, POWER) * excess
    low, high = 0.0, 1.0 / max(max(each.scores) for each in told)
    if not _seen(told, high, sizes):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _seen(told, middle, sizes) else (middle, high)
    return high


# --- parts of the statistic ------------------------------------------------------------------------------------------


def _telling(strata: Sequence[Stratum]) -> list[Stratum]:
    """Return the strata that can show a trend."""
    told = [each for each in strata if len(each.scores) > 1 and each.blocks and each.table[..., 1].sum()]
    if not told:
        raise ValueError("No trend of nothing: needs two stages or more, and something measured.")
    return told


def _statistic(strata: Sequence[Stratum]) -> float:
    return sum(float((_excess(each.table) @ _centred(each)).sum()) for each in strata)


def _slope(strata: Sequence[Stratum]) -> float:
    return _statistic(strata) / sum(map(_spread, strata))


def _excess(table: np.ndarray) -> np.ndarray:
    """Return events beyond those of the overall rate, shape (blocks, stages)."""
    n = table[..., 1]
    return np.asarray(table[..., 0] - n * table[..., 0].sum() / n.sum())


def _centred(stratum: Stratum) -> np.ndarray:
    """Return the scores less their mean over samples, shape (stages,)."""
    scores, weights = np.array(stratum.scores, dtype=np.float64), stratum.table[..., 1].sum(axis=0)
    return np.asarray(scores - weights @ scores / weights.sum())


def _spread(stratum: Stratum) -> float:
    return float(stratum.table[..., 1].sum(axis=0) @ _centred(stratum) ** 2)


def _reordered(excess: np.ndarray, scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the statistic under random orders of the stages within each block, shape (draws,)."""
    same = np.ptp(excess, axis=1) < ROUNDING  # whatever their order, these add the same
    fixed, free = float((excess[same] @ scores).sum()), excess[~same]
    at_once = np.broadcast_to(free, (_AT_ONCE, *free.shape))
    orders = (random.permuted(at_once, axis=2) for _ in range(DRAWS // _AT_ONCE))
    drawn: np.ndarray = fixed + np.concatenate([(order @ scores).sum(axis=1) for order in orders])
    return drawn


# --- spread over clusters --------------------------------------------------------------------------------------------


def _residuals(strata: Sequence[Stratum], slope: float) -> np.ndarray:
    """Return what each cluster adds to the statistic beyond what the slope explains."""
    sums: dict[Hashable, float] = {}
    for each in strata:
        scores = _centred(each)
        beyond = (_excess(each.table) - slope * each.table[..., 1] * scores) @ scores
        for name, added in zip(each.clusters, beyond, strict=True):
            sums[name] = sums.get(name, 0.0) + float(added)
    return np.array(list(sums.values()))


def _variance(residuals: np.ndarray) -> float:
    count = len(residuals)
    return count / (count - 1) * float(residuals @ residuals)


def _inflation(strata: Sequence[Stratum]) -> float:
    """Return how many times the variance of the statistic exceeds that of independent samples; 1 at least."""
    sums = [each.table.sum(axis=(0, 1)) for each in strata]
    rates = [float(events / n) for events, n in sums]
    plain = sum(rate * (1 - rate) * _spread(each) for rate, each in zip(rates, strata, strict=True))
    return max(1.0, _variance(_residuals(strata, _slope(strata))) / plain) if plain else 1.0


def _seen(strata: Sequence[Stratum], rise: float, sizes: tuple[float, float]) -> bool:
    """Whether a rise lies so far above zero that it is seen often enough."""
    gain, null, true = 0.0, 0.0, 0.0
    for each in strata:
        n, scores = each.table[..., 1].sum(axis=0), _centred(each)
        begin = (each.table[:, 0, 0].sum() + 0.5) / (each.table[:, 0, 1].sum() + 1)
        rates = np.minimum(1.0, begin + rise * np.array(each.scores, dtype=np.float64))
        mean = float(n @ rates / n.sum())
        gain += float(n @ (scores * rates))
        null += mean * (1 - mean) * _spread(each)
        true += float(n @ (scores**2 * rates * (1 - rates)))
    return gain >= sizes[0] * sqrt(null) + sizes[1] * sqrt(true)


def _below(value: float, freedom: int) -> float:
    from scipy.special import stdtr

    return float(stdtr(freedom, value))
