from __future__ import annotations

from gameable.batches import batches


def test_all_items_come_in_order_and_the_last_batch_is_shorter() -> None:
    assert list(batches(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_nothing_gives_no_batch() -> None:
    assert list(batches([], 3)) == []


def test_nothing_is_read_ahead() -> None:
    items = iter(range(9))
    assert next(batches(items, 2)) == [0, 1]
    assert next(items) == 2
