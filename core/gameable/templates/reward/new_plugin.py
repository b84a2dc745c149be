"""A reward for short replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gameable import ActionsView, Measured, RewardOffer, RewardSource, Score, Unscored, VisibleView, hookimpl


@dataclass
class NewPlugin(RewardSource):
    """Pays 1 for a reply of no length, falling to 0 at `limit` characters."""

    access: ClassVar[Literal["visible"]] = "visible"

    limit: Annotated[int, Field(ge=1)] = 400
    """Characters from which nothing is paid. Fields like this one are options that a profile can set."""

    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        """Score each reply, in order."""
        return [self._pay(view) for view in views]

    def _pay(self, view: ActionsView) -> Score:
        assert isinstance(view, VisibleView)
        if not view.reply:
            return Unscored("there is no visible reply")  # what cannot be measured is never a number
        return Measured(max(0.0, 1 - len(view.reply) / self.limit), f"{len(view.reply)} characters")


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer the reward."""
    yield RewardOffer(name="new-plugin", summary="Pays for short replies.", factory="new_plugin:NewPlugin")
