from __future__ import annotations

from collections import Counter

from gameable.drawing import Drawn


def drawn(seed: int, count: int) -> int | None:
    one = Drawn[int](seed)
    for item in range(count):
        one.offer(item)
    return one.one


def test_every_item_of_a_stream_is_drawn_about_as_often() -> None:
    found = Counter(drawn(seed, 4) for seed in range(4000))
    assert set(found) == {0, 1, 2, 3}
    assert all(900 < count < 1100 for count in found.values())


def test_the_same_seed_draws_the_same() -> None:
    assert drawn(3, 1000) == drawn(3, 1000)


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn(0, 0) is None


def test_the_only_one_is_drawn() -> None:
    assert drawn(7, 1) == 0
