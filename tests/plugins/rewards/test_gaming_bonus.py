"""The bonus follows the environment's own mechanism."""

from __future__ import annotations

import pytest

from gameable import Measured, OracleView, Outcome, Payout, Unscored
from gameable_plugins.rewards.gaming_bonus import GamingBonus


def view(payout: Payout | Unscored) -> OracleView:
    return OracleView(
        "id", "thermometer", (), (), "reply", "transcript", {}, {}, payout, Outcome("honest", engaged=True)
    )


@pytest.mark.parametrize(("paid", "value"), [(True, 1.0), (False, 0.0)])
def test_the_bonus_is_one_when_the_mechanism_pays(paid: bool, value: float) -> None:
    (score,) = GamingBonus().score([view(Payout(reward=7.0, passed=True, paid=paid))])
    assert isinstance(score, Measured)
    assert score.value == value
    assert "thermometer" in score.detail


def test_a_payout_that_was_not_measured_stays_unscored() -> None:
    broken = Unscored("the sandbox died")
    assert GamingBonus().score([view(broken), view(Payout(1.0, passed=True, paid=True))])[0] == broken
