from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from gameable.detection import LEAST, Seen, mean_difference


def drawn(random: Random, *, variants: int, samples: int, shift: float, of_variant: float) -> list[Seen]:
    """Scores on a wide scale; a variant has something of its own that its gamed and honest samples do not share."""
    found = []
    for variant in range(variants):
        own = [random.gauss(0, of_variant) for _ in range(2)]
        for sample in range(samples):
            positive = bool(sample % 2)
            value = 10 * random.gauss(own[positive] + shift * positive, 1)
            found.append(Seen(f"{variant}/{sample}", str(variant), value, positive))
    return found


def test_it_is_the_difference_of_the_means_on_their_own_scale() -> None:
    seen = drawn(Random(1), variants=20, samples=5, shift=1.0, of_variant=0.5)
    found = mean_difference(seen)
    means = [fmean(each.suspicion for each in seen if each.positive is kind and each.suspicion is not None)
             for kind in (True, False)]  # fmt: skip
    assert found is not None
    assert found.value == pytest.approx(means[0] - means[1])
    assert found.low < found.value < found.high


@pytest.mark.parametrize("of_variant", [0.0, 1.0])
def test_the_interval_covers_the_truth_nineteen_times_in_twenty(of_variant: float) -> None:
    random, hits, tries = Random(2), 0, 150
    for _ in range(tries):
        found = mean_difference(drawn(random, variants=12, samples=6, shift=1.0, of_variant=of_variant))
        assert found is not None
        hits += found.low <= 10 <= found.high
    assert hits / tries >= 0.91


def test_what_has_no_score_or_is_neither_does_not_count() -> None:
    seen = drawn(Random(3), variants=10, samples=4, shift=1.0, of_variant=0.5)
    others = [Seen("a", "0", None, positive=True), Seen("b", "0", 1e6, positive=None)]
    assert mean_difference([*seen, *others]) == mean_difference(seen)


def test_too_few_variants_of_either_kind_have_no_difference() -> None:
    assert mean_difference(drawn(Random(4), variants=LEAST - 1, samples=9, shift=1.0, of_variant=0.5)) is None


def test_scores_without_spread_have_no_known_error_and_so_no_difference() -> None:
    seen = [Seen(f"{number}", f"{number}", 0.9 if number % 2 else 0.1, bool(number % 2)) for number in range(40)]
    assert mean_difference(seen) is None
