"""The penalty on early gaming: it no longer pays where it is easy to see. A reward source, and retraining under it.

It tells what gaming in later environments owes to gaming in earlier ones, where nothing is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gameable import (
    ActionsView,
    Measured,
    Mitigation,
    OracleView,
    Profile,
    RewardSource,
    Score,
    Stage,
    Unscored,
)
from gameable_oversight.mitigations._curriculum import SFT, early, early_stages, fine_tuning

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


@dataclass
class PenalisedRetraining(Mitigation):
    """Trains the last model again on the early environments, where gaming now costs more than it pays.

    Denison et al. 2024 (retraining not to game the early curriculum). Expert iteration keeps the best-paid samples,
    whatever filter the run had, since no other filter heeds a penalty.
    """

    begin_from: Literal["start", "last"] = "last"
    penalty: Annotated[float, Field(gt=0)] = 2.0
    """What gaming costs."""
    environments: tuple[str, ...] | None = None
    """Early environments; the first two that the run trained on if left out."""

    def changes(self, profile: Profile) -> Mapping[str, Any]:
        """Keep the early stages, and add the penalty to what the run paid."""
        names = early(profile, self.environments)
        reward = {"weight": 1.0, "penalty": self.penalty, "environments": names}
        stages = [self._stage(stage) for stage in early_stages(profile, names)]
        return {"rewards": {"early-stage-penalty": reward}, "stages": stages}

    def _stage(self, stage: Stage) -> dict[str, Any]:
        told = stage.model_dump() | {"planted": 0}
        return told | ({"optimizer": fine_tuning(stage, filter="best")} if stage.optimizer.use == SFT else {})
