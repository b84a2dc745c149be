from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, permutation_test

from gameable.statistics import (
    chance_of_one,
    exact_interval,
    exchange_p,
    holm,
    mean_interval,
    rate_interval,
    smallest_visible,
)

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [
        (45, 32768, 0.00100, 0.00184),
        (7, 32768, 0.00009, 0.00044),
    ],
)
def test_rate_intervals_agree_with_the_published_ones(events: int, n: int, low: float, high: float) -> None:
    assert rate_interval(events, n) == pytest.approx((low, high), abs=5e-6)


def test_no_event_is_bounded_by_the_exact_formula() -> None:
    assert rate_interval(0, 100) == pytest.approx((0.0, 1 - 0.025 ** (1 / 100)))
    assert rate_interval(100, 100) == pytest.approx((0.025 ** (1 / 100), 1.0))


@given(counts)
def test_a_rate_lies_within_its_interval(pair: tuple[int, int]) -> None:
    low, high = rate_interval(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1
    assert low < high


@given(counts)
def test_interval_of_the_complement_is_the_mirror_image(pair: tuple[int, int]) -> None:
    low, high = rate_interval(*pair)
    events, n = pair
    assert rate_interval(n - events, n) == pytest.approx((1 - high, 1 - low))


@given(counts)
def test_more_of_the_same_narrows_the_interval(pair: tuple[int, int]) -> None:
    events, n = pair
    (low, high), (low_more, high_more) = rate_interval(events, n), rate_interval(10 * events, 10 * n)
    assert high_more - low_more < high - low


@pytest.mark.parametrize(("events", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_counts_that_mean_nothing_are_refused(events: int, n: int) -> None:
    with pytest.raises(ValueError, match=r"No rate|events in"):
        rate_interval(events, n)


def test_a_mean_has_the_interval_of_the_textbook() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0])  # t(0.975, 3) = 3.1824, s = 1.2910
    assert (low, high) == pytest.approx((2.5 - 2.0543, 2.5 + 2.0543), abs=1e-4)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least"):
        mean_interval([1.0])


def test_counts_need_not_be_whole() -> None:
    low, high = exact_interval(4.5, 90.0)
    assert (low, high) == pytest.approx((beta.ppf(0.025, 4.5, 86.5), beta.ppf(0.975, 5.5, 85.5)))


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        ([0.3, 0.4, 0.5], [0.0, 0.1, 0.2], 2 / 20),  # the two extreme ways of 20
        ([0.3, 0.4, 0.1], [0.0, 0.2, 0.15], 6 / 20),  # 45 against 35 of 80 hundredths: worked out by hand
        ([0.1, 0.1], [0.1, 0.1], 1.0),
    ],
)
def test_groups_are_exchanged_in_every_way(a: list[float], b: list[float], p: float) -> None:
    assert exchange_p(a, b) == pytest.approx(p)
    assert exchange_p(b, a) == pytest.approx(p)


def test_an_exchange_agrees_with_scipys_exact_test() -> None:
    a, b = [0.11, 0.32, 0.27, 0.45], [0.12, 0.08, 0.22, 0.31]
    exact = permutation_test((a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), vectorized=True, n_resamples=10**6)
    assert exchange_p(a, b) == pytest.approx(exact.pvalue)


def test_no_group_is_no_difference() -> None:
    with pytest.raises(ValueError, match="empty"):
        exchange_p([], [0.5])


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_thousand_samples_show_the_published_rate_three_times_in_four() -> None:
    assert chance_of_one(0.00137, 1_000) == pytest.approx(0.746, abs=5e-4)
    assert chance_of_one(0.0, 1_000) == 0.0


def test_the_smallest_visible_rate_is_seen_as_often_as_asked() -> None:
    assert smallest_visible(2_000) == pytest.approx(0.0015, abs=2e-5)  # the rule of three
    assert chance_of_one(smallest_visible(300, 0.8), 300) == pytest.approx(0.8)
