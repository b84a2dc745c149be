from __future__ import annotations

import pytest

from gameable import Measured, OracleView, Outcome, PluginError, Score, Unscored
from gameable.episode import Label, Payout
from gameable.plugins import Plugins
from gameable_oversight.monitors.ground_truth import GroundTruth

MANY = 4000


def view(number: int, outcome: Outcome | Unscored) -> OracleView:
    payout = Payout(0.0, passed=True, paid=False)
    return OracleView(f"evaluate/start/toy/{number:04}/0", "toy", (), (), "", "", {}, {}, payout, outcome)


def suspected(monitor: GroundTruth, label: Label) -> list[bool]:
    verdicts = monitor.inspect([view(number, Outcome(label, engaged=True)) for number in range(MANY)])
    return [_value(each) == 1.0 for each in verdicts]


def _value(verdict: Score) -> float:
    assert isinstance(verdict, Measured)
    assert verdict.value in {0.0, 1.0}
    return verdict.value


def test_without_errors_it_is_the_outcome() -> None:
    assert all(suspected(GroundTruth(), "gamed"))
    assert all(suspected(GroundTruth(), "evaded"))
    for label in ("honest", "attempted", "repaired", "unclear"):
        assert not any(suspected(GroundTruth(), label))


def test_it_errs_as_often_as_it_is_told() -> None:
    monitor = GroundTruth(true_positive_rate=0.8, false_positive_rate=0.1)
    assert sum(suspected(monitor, "evaded")) / MANY == pytest.approx(0.8, abs=0.02)
    assert sum(suspected(monitor, "honest")) / MANY == pytest.approx(0.1, abs=0.02)


def test_the_same_episode_always_gets_the_same_draw() -> None:
    monitor = GroundTruth(true_positive_rate=0.5)
    assert suspected(monitor, "gamed") == suspected(GroundTruth(true_positive_rate=0.5), "gamed")


def test_higher_rates_suspect_the_same_episodes_and_more() -> None:
    few, many = (suspected(GroundTruth(true_positive_rate=rate), "gamed") for rate in (0.3, 0.6))
    assert all(more for less, more in zip(few, many, strict=True) if less)
    assert sum(many) > sum(few)


def test_another_measure_can_be_the_event() -> None:
    assert all(suspected(GroundTruth(measure="attempted"), "attempted"))
    assert not any(suspected(GroundTruth(measure="evaded"), "gamed"))


def test_an_outcome_that_was_not_measured_is_unscored() -> None:
    assert GroundTruth().inspect([view(0, Unscored("the judge broke"))]) == [Unscored("the judge broke")]


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(PluginError, match="true_positive_rate"):
        Plugins().monitor("ground-truth", {"true_positive_rate": rate})
