from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameable.statistics import difference_interval, mean_interval, rate_interval

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


@pytest.mark.parametrize(
    ("counts_a", "counts_b", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 10), 0.6075, 1.0)],
)
def test_difference_intervals_agree_with_newcombes_examples(
    counts_a: tuple[int, int], counts_b: tuple[int, int], low: float, high: float
) -> None:
    assert difference_interval(*counts_a, *counts_b) == pytest.approx((low, high), abs=5e-5)


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


@given(counts, counts)
def test_a_difference_lies_within_its_interval_and_mirrors(a: tuple[int, int], b: tuple[int, int]) -> None:
    low, high = difference_interval(*a, *b)
    difference = a[0] / a[1] - b[0] / b[1]
    assert -1 <= low <= high <= 1
    assert low - 1e-12 <= difference <= high + 1e-12
    assert difference_interval(*b, *a) == pytest.approx((-high, -low))


@pytest.mark.parametrize(("events", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_counts_that_mean_nothing_are_refused(events: int, n: int) -> None:
    with pytest.raises(ValueError, match=r"No rate|events in"):
        rate_interval(events, n)
    with pytest.raises(ValueError, match=r"No rate|events in"):
        difference_interval(1, 2, events, n)


def test_a_mean_has_the_interval_of_the_textbook() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0])  # t(0.975, 3) = 3.1824, s = 1.2910
    assert (low, high) == pytest.approx((2.5 - 2.0543, 2.5 + 2.0543), abs=1e-4)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least"):
        mean_interval([1.0])
