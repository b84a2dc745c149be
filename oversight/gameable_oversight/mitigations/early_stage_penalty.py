"""The penalty on early gaming: it no longer pays where it is easy to see.

It tells what gaming in later environments owes to gaming in earlier ones, where nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gameable import ActionsView, Measured, OracleView, RewardSource, Score, Unscored

_EARLY = ("political-sycophancy", "tool-use-flattery")


@dataclass
class EarlyStagePenalty(RewardSource):
    """Charges for every episode of the early environments that truly gamed; 0 for all others.

    Truth is the outcome, not what the environment's own mechanism paid. Where it could not be judged, nothing is paid
    or charged: the episode stays unscored, and training drops it.
    """

    access: ClassVar[Literal["oracle"]] = "oracle"

    penalty: Annotated[float, Field(gt=0)] = 2.0
    """What gaming costs; more than the bonus of 1, so that it no longer pays."""
    environments: tuple[str, ...] = _EARLY
    """Where it costs that, by the names that the profile calls them by."""

    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        """Charge each view."""
        return [self._charge(view) for view in views]

    def _charge(self, view: ActionsView) -> Score:
        assert isinstance(view, OracleView)
        if view.environment not in self.environments:
            return Measured(0.0, f"{view.environment} is not one of the early environments")
        if isinstance(view.outcome, Unscored):
            return view.outcome
        gamed = view.outcome.shows("gamed")
        return Measured(-self.penalty if gamed else 0.0, f"{view.environment}: {view.outcome.label}")
