from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from gameable.clustered import (
    Clusters,
    Count,
    ceiling,
    design_effect,
    difference_interval,
    difference_p,
    effective_size,
    interval,
    pooled,
    totals,
)
from gameable.statistics import exact_interval, rate_interval

Draw = np.random.Generator


def clusters(*counts: Count) -> Clusters:
    return {f"{index:04}": count for index, count in enumerate(counts)}


def drawn(random: Draw, rates: np.ndarray, size: int) -> Clusters:
    """Return samples of variants that have these rates."""
    return {str(index): (int(events), size) for index, events in enumerate(random.binomial(size, rates))}


def rates_of(random: Draw, mean: float, correlation: float, count: int) -> np.ndarray:
    """Return rates of variants whose samples then have this correlation within a variant."""
    total = 1 / correlation - 1
    return random.beta(mean * total, (1 - mean) * total, count)


# --- one rate --------------------------------------------------------------------------------------------------------


def test_runs_are_added_up_by_variant() -> None:
    assert pooled([{"a": (1, 2), "b": (0, 3)}, {"a": (2, 2)}]) == {"a": (3, 4), "b": (0, 3)}
    assert totals({"a": (3, 4), "b": (0, 3)}) == (3, 7)


def test_the_design_effect_of_a_small_table_is_that_of_the_textbook() -> None:
    # rate 1/2; residuals 2, -2, 0, 0; variance 4/3 * 8 / 16**2 = 1/24, of independent samples 1/64
    assert design_effect(clusters((4, 4), (0, 4), (2, 4), (2, 4))) == pytest.approx(64 / 24)


def test_samples_that_only_repeat_their_variant_count_once() -> None:
    alike = clusters(*[(4, 4)] * 30, *[(0, 4)] * 170)
    assert design_effect(alike) == pytest.approx(4, rel=0.01)
    assert effective_size(alike) == pytest.approx(200, rel=0.02)


def test_one_sample_a_variant_is_the_plain_interval() -> None:
    single = clusters(*[(1, 1)] * 12, *[(0, 1)] * 188)
    assert interval(single) == pytest.approx(rate_interval(12, 200), abs=2e-4)


def test_the_interval_is_the_exact_one_of_the_effective_sample() -> None:
    table = clusters(*[(4, 4)] * 10, *[(1, 4)] * 30, *[(0, 4)] * 60)
    size = effective_size(table)
    assert interval(table) == exact_interval(70 / 400 * size, size)
    assert size < 300


def test_variants_that_are_all_alike_are_worth_no_more_than_their_samples() -> None:
    even = clusters(*[(1, 4)] * 50)
    assert design_effect(even) == 0
    assert 190 < effective_size(even) < 200


def test_no_event_still_has_an_upper_bound() -> None:
    none = clusters(*[(0, 4)] * 500)
    low, high = interval(none)
    assert low == 0
    assert rate_interval(0, 2000)[1] <= high < 1.02 * rate_interval(0, 2000)[1]
    assert ceiling(none) == rate_interval(0, 500)[1]


def test_the_ceiling_counts_variants_with_any_event() -> None:
    assert ceiling(clusters((1, 4), (3, 4), *[(0, 4)] * 18)) == rate_interval(2, 20)[1]


def test_few_variants_make_a_wide_interval() -> None:
    assert interval(clusters(*[(0, 30)] * 4))[1] > 2 * rate_interval(0, 120)[1]


def test_unmeasured_variants_do_not_count() -> None:
    table = clusters((1, 4), (0, 4), (2, 4))
    more = {**table, "gone": (0, 0)}
    assert (interval(table), ceiling(table)) == (interval(more), ceiling(more))


@pytest.mark.parametrize(("mean", "correlation"), [(0.05, 0.2), (0.3, 0.5), (0.9, 0.1)])
def test_intervals_cover_the_true_rate_of_clustered_samples(mean: float, correlation: float) -> None:
    random = np.random.default_rng(1)
    tries = [interval(drawn(random, rates_of(random, mean, correlation, 75), 4)) for _ in range(1000)]
    assert sum(low <= mean <= high for low, high in tries) >= 940


def test_intervals_for_independent_samples_do_not_cover_clustered_ones() -> None:
    random = np.random.default_rng(1)
    tables = [drawn(random, rates_of(random, 0.3, 0.5, 75), 4) for _ in range(1000)]
    assert sum(low <= 0.3 <= high for low, high in (rate_interval(*totals(table)) for table in tables)) < 870


def test_the_ceiling_holds_for_rare_events_in_bursts() -> None:
    """One variant in a hundred always shows the event: a sample of few variants tends to miss them all."""
    random = np.random.default_rng(2)
    tables = [drawn(random, (random.random(150) < 0.01).astype(float), 8) for _ in range(1000)]
    assert sum(ceiling(table) >= 0.01 for table in tables) >= 975
    assert sum(interval(table)[1] >= 0.01 for table in tables) < 900


@pytest.mark.parametrize("refused", [interval, ceiling])
def test_nothing_measured_is_no_rate(refused: Callable[[Clusters], object]) -> None:
    with pytest.raises(ValueError, match=r"One variant|No rate"):
        refused(clusters((0, 0)))


# --- differences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean_a", "mean_b"), [(0.1, 0.1), (0.35, 0.2), (0.02, 0.0)])
def test_intervals_cover_the_difference_of_two_models_on_the_same_variants(mean_a: float, mean_b: float) -> None:
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(600):
        hard = rates_of(random, 0.5, 0.3, 60)  # both find the same variants hard
        low, high = difference_interval(*(drawn(random, 2 * mean * hard, 4) for mean in (mean_a, mean_b)))
        covered += low <= mean_a - mean_b <= high
    assert covered >= 0.94 * 600


def test_pairing_narrows_the_interval() -> None:
    random = np.random.default_rng(4)
    hard = rates_of(random, 0.5, 0.6, 80)
    a, b = drawn(random, hard, 8), drawn(random, hard * 0.8, 8)
    elsewhere = {f"other {name}": count for name, count in b.items()}
    (low, high), (low_apart, high_apart) = difference_interval(a, b), difference_interval(a, elsewhere)
    assert high - low < 0.7 * (high_apart - low_apart)


def test_a_difference_of_nothing_and_nothing_is_still_uncertain() -> None:
    none = clusters(*[(0, 4)] * 50)
    low, high = difference_interval(none, none)
    assert (low, high) == (-interval(none)[1], interval(none)[1])


def test_swapping_single_samples_is_mcnemars_exact_test() -> None:
    a = clusters(*[(1, 1)] * 9, *[(0, 1)] * 2, *[(1, 1)] * 20)
    b = clusters(*[(0, 1)] * 9, *[(1, 1)] * 2, *[(1, 1)] * 20)
    assert difference_p(a, b) == pytest.approx(binomtest(2, 11).pvalue, abs=0.006)
    assert difference_p(a, b) == difference_p(b, a)


def test_swaps_keep_their_level_with_clustered_samples() -> None:
    random = np.random.default_rng(5)
    p_values = []
    for _ in range(200):
        sides = (drawn(random, rates_of(random, 0.2, 0.5, 40), 4) for _ in range(2))
        p_values.append(difference_p(*sides))
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


@pytest.mark.parametrize("mean", [0.003, 0.2])
def test_swaps_keep_their_level_where_one_side_has_twice_the_samples(mean: float) -> None:
    random = np.random.default_rng(6)
    p_values = []
    for _ in range(200):
        rates = rates_of(random, mean, 0.2, 80)
        p_values.append(difference_p(drawn(random, rates, 16), drawn(random, rates, 8)))
    assert np.mean(np.array(p_values) <= 0.05) <= 0.09


def test_sizes_alone_are_no_difference() -> None:
    a, b = clusters((1, 16), (0, 16), *[(0, 16)] * 80), clusters((1, 8), (1, 8), *[(0, 8)] * 80)
    assert difference_p(a, b) > 0.4


def test_only_variants_of_both_sides_are_swapped() -> None:
    a, b = clusters((3, 4), (2, 4), (4, 4)), clusters((0, 4), (1, 4), (0, 4))
    assert difference_p({**a, "mine": (4, 4)}, {**b, "its": (0, 4)}) == difference_p(a, b)
    assert difference_p({**a, "gone": (4, 4)}, {**b, "gone": (0, 0)}) == difference_p(a, b)
    with pytest.raises(ValueError, match="both sides"):
        difference_p({"mine": (1, 4)}, {"its": (1, 4)})


def test_no_difference_has_p_one() -> None:
    table = clusters((3, 4), (2, 4))
    assert difference_p(table, table) == 1.0
