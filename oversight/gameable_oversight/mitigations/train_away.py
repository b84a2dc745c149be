"""Train-away: the last model learns from its own samples that did not game where gaming is easy to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from gameable import Mitigation, Profile
from gameable_oversight.mitigations._curriculum import early, early_stages, fine_tuning


@dataclass
class TrainAway(Mitigation):
    """Samples the early environments with the model, and fine-tunes on samples that truly did not game.

    Denison et al. 2024, on 2,500 samples: tampering became up to ten times rarer, and never went away.
    """

    begin_from: Literal["start", "last"] = "last"
    samples: Annotated[int, Field(ge=1)] = 2500
    """Samples to train on, where so many did not game. No more prompts are sampled than the early stages had."""
    keep: Annotated[int, Field(ge=1)] = 5
    """Most samples of one prompt."""
    environments: tuple[str, ...] | None = None
    """Early environments; the first two that the run trained on if left out."""

    def changes(self, profile: Profile) -> Mapping[str, Any]:
        """Make one stage of all early environments, in which nothing else is learned or replayed."""
        names = early(profile, self.environments)
        stages = early_stages(profile, names)
        keep = min(self.keep, stages[0].samples)
        prompts = min(-(-self.samples // keep), sum(stage.prompts for stage in stages))
        stage = {
            "name": "train-away",
            "environments": names,
            "prompts": prompts,
            "ordinary": 0,
            "samples": stages[0].samples,
            "optimizer": fine_tuning(stages[0], filter="opposite", keep=keep, replay=0.0),
        }
        return {"start": None, "stages": [stage]}
