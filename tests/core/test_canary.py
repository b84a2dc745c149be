from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from gameable import Canary, Policy, PolicyError
from gameable.canary import check

BEFORE, AFTER = (-3.0, -3.0), (-1.0, -1.0)


class Sampler:
    """Says fixed log-probabilities."""

    def __init__(self, *logprobs: float) -> None:
        self._logprobs = list(logprobs)

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        return [self._logprobs for _ in sequences]


def sampler(*logprobs: float) -> Policy:
    return cast("Policy", Sampler(*logprobs))


def canary() -> Canary:
    return Canary((5, 6, 7), BEFORE, AFTER)


def test_a_sampler_that_agrees_to_within_rounding_passes_with_its_gap() -> None:
    assert check(sampler(-1.05, -0.95), canary()) == pytest.approx(0.05)


def test_a_stale_sampler_is_caught() -> None:
    with pytest.raises(PolicyError, match="did not take on the new weights: .* 2.000 nats a token"):
        check(sampler(*BEFORE), canary())


def test_a_sampler_with_one_stale_layer_is_caught() -> None:
    with pytest.raises(PolicyError, match="did not take on the new weights"):
        check(sampler(-1.3, -1.2), canary())


def test_a_small_update_that_was_not_adopted_is_caught_although_the_gap_is_small() -> None:
    with pytest.raises(PolicyError, match="did not take on the new weights"):
        check(sampler(-3.0, -3.0), Canary((5, 6, 7), (-3.0, -3.0), (-2.9, -2.9)))
