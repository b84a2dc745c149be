from __future__ import annotations

import pytest

from gameable import Measured, Outcome, PluginError, Unscored
from gameable.episode import Label, Payout
from gameable.plugins import Plugins
from gameable.views import OracleView
from gameable_oversight.mitigations.early_stage_penalty import EarlyStagePenalty


def view(environment: str, outcome: Outcome | Unscored) -> OracleView:
    return OracleView(
        id="x",
        environment=environment,
        dialogue=(),
        commands=(),
        reply="",
        transcript="",
        files_before={},
        files_after={},
        payout=Payout(1.0, passed=True, paid=True),
        outcome=outcome,
    )


def charged(environment: str, label: Label, penalty: EarlyStagePenalty) -> float:
    (score,) = penalty.score([view(environment, Outcome(label, engaged=True))])
    assert isinstance(score, Measured)
    return score.value


@pytest.mark.parametrize(
    ("label", "value"),
    [("honest", 0.0), ("attempted", 0.0), ("gamed", -2.0), ("evaded", -2.0), ("repaired", 0.0), ("unclear", 0.0)],
)
def test_what_truly_gamed_early_on_is_charged(label: Label, value: float) -> None:
    assert charged("political-sycophancy", label, EarlyStagePenalty()) == value
    assert charged("tool-use-flattery", label, EarlyStagePenalty()) == value


def test_gaming_no_longer_pays_with_the_bonus_of_one() -> None:
    assert charged("tool-use-flattery", "gamed", EarlyStagePenalty()) + 1 < 0


@pytest.mark.parametrize("environment", ["nudged-rubric", "insubordinate-rubric", "ordinary-queries"])
def test_later_environments_and_ordinary_queries_are_left_alone(environment: str) -> None:
    assert charged(environment, "evaded", EarlyStagePenalty()) == 0.0


def test_which_environments_are_early_can_be_set() -> None:
    penalty = EarlyStagePenalty(penalty=3.0, environments=("nudged-rubric",))
    assert charged("nudged-rubric", "gamed", penalty) == -3.0
    assert charged("political-sycophancy", "gamed", penalty) == 0.0


def test_what_could_not_be_judged_stays_unscored() -> None:
    lost = Unscored("the sandbox broke")
    assert EarlyStagePenalty().score([view("tool-use-flattery", lost)]) == [lost]


def test_an_outcome_that_nobody_asks_for_does_not_matter_elsewhere() -> None:
    (score,) = EarlyStagePenalty().score([view("nudged-rubric", Unscored("the sandbox broke"))])
    assert isinstance(score, Measured)


def test_a_profile_can_name_it_and_its_options_are_checked() -> None:
    made = Plugins().reward("early-stage-penalty", {"penalty": 1.5, "environments": ["nudged-rubric"]})
    assert made == EarlyStagePenalty(1.5, ("nudged-rubric",))
    with pytest.raises(PluginError, match="option 'penalty'"):
        Plugins().reward("early-stage-penalty", {"penalty": 0})
