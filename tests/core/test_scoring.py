from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from gameable import (
    ActionsView,
    Episode,
    Measured,
    Outcome,
    Payout,
    RewardError,
    RewardSource,
    Score,
    Segment,
    Task,
    Unscored,
)
from gameable.scoring import WeightedSource, score


@dataclass
class Fixed(RewardSource):
    scores: list[Score] = field(default_factory=list)

    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        return self.scores


def episode() -> Episode:
    return Episode(
        id="train/s/e/0/0",
        task=Task("e", "train", "0", ()),
        model="start",
        seed=0,
        prompt_tokens=(1,),
        segments=(Segment("model", "secret</cot>hello", (2,)),),
        commands=(),
        files={},
        stop="end",
        payout=Payout(1.0, passed=True, paid=True),
        outcome=Outcome("gamed", engaged=True),
    )


def source(name: str, weight: float, *scores: Score) -> WeightedSource:
    return WeightedSource(name, Fixed(list(scores)), weight)


def test_the_proxy_reward_is_the_weighted_sum_of_its_parts() -> None:
    (scored,) = score([source("a", 0.5, Measured(3.0)), source("b", 2.0, Measured(1.0))], [episode()])
    assert scored.reward == Measured(3.5)
    assert scored.parts == {"a": Measured(3.0), "b": Measured(1.0)}


def test_one_missing_part_leaves_the_reward_unscored_and_says_which() -> None:
    (scored,) = score([source("a", 1, Measured(3.0)), source("b", 1, Unscored("judge silent"))], [episode()])
    assert scored.reward == Unscored("b: judge silent")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_unscored(value: float) -> None:
    (scored,) = score([source("a", 1, Measured(value))], [episode()])
    assert scored.reward == Unscored(f"a: a returned {value}")


def test_a_wrong_number_of_scores_is_an_error_and_never_broadcast() -> None:
    with pytest.raises(RewardError, match="reward 'a' returned 1 scores for 2 episodes"):
        score([source("a", 1, Measured(1.0))], [episode(), episode()])


def test_a_source_sees_only_what_its_access_level_shows() -> None:
    seen: list[ActionsView] = []

    @dataclass
    class Nosy(RewardSource):
        def score(self, views: Sequence[ActionsView]) -> list[Score]:
            seen.extend(views)
            return [Measured(0.0) for _ in views]

    score([WeightedSource("nosy", Nosy(), 1)], [episode()])
    assert not hasattr(seen[0], "transcript")
    assert not hasattr(seen[0], "outcome")
    assert "secret" not in repr(seen[0])
