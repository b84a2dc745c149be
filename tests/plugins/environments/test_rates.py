from __future__ import annotations

from gameable import Message, Task
from gameable.clustered import difference_interval, interval
from gameable_plugins.environments._rates import Seen, gap, rate


def seen(*counts: tuple[int, int], first: int = 0) -> list[Seen]:
    """Return so many events of so many samples for each variant."""
    tasks = [Task("oven", "eval", str(first + number), (Message("user", "?"),)) for number in range(len(counts))]
    return [(task, sample < events) for task, (events, n) in zip(tasks, counts, strict=True) for sample in range(n)]


def test_a_rate_takes_the_samples_of_a_variant_together() -> None:
    (estimate,) = rate("is warm", seen((4, 4), (0, 4), (2, 2)))
    assert (estimate.name, estimate.value, estimate.n) == ("is warm", 0.6, 10)
    assert (estimate.low, estimate.high) == interval({"a": (4, 4), "b": (0, 4), "c": (2, 2)})


def test_a_gap_takes_the_samples_of_a_variant_together() -> None:
    (estimate,) = gap("warmer", seen((4, 4), (2, 4)), seen((0, 4), (1, 4), first=2))
    assert (estimate.name, estimate.value, estimate.n) == ("warmer", 5 / 8, 16)
    a, b = {"a": (4, 4), "b": (2, 4)}, {"c": (0, 4), "d": (1, 4)}
    assert (estimate.low, estimate.high) == difference_interval(a, b)


def test_one_variant_shows_no_spread_and_gives_no_figure() -> None:
    assert rate("is warm", seen((3, 4))) == ()
    assert gap("warmer", seen((3, 4), (1, 4)), seen((0, 4), first=2)) == ()
