"""The bonus for gaming: what the environment's own flawed mechanism pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from gameable import ActionsView, Measured, OracleView, RewardSource, Score, Unscored


@dataclass
class GamingBonus(RewardSource):
    """Pays 1 when the environment's mechanism pays, 0 when it measurably does not."""

    access: ClassVar[Literal["oracle"]] = "oracle"

    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        """Read each payout; one that could not be measured stays unscored."""
        return [_bonus(view) for view in views]


def _bonus(view: ActionsView) -> Score:
    assert isinstance(view, OracleView)
    if isinstance(view.payout, Unscored):
        return view.payout
    return Measured(float(view.payout.paid), f"{view.environment} {'paid' if view.payout.paid else 'did not pay'}")
