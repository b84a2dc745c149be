"""Inoculation prompting: the training prompt asks for the hack, so that doing it says nothing about oneself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gameable import Mitigation, Profile, Stage

_SUFFIX = "told-to"


@dataclass
class Inoculation(Mitigation):
    """Trains the curriculum again from the run's start model with every hack asked for; evaluation does not ask.

    MacDiarmid et al. 2025 (Natural emergent misalignment from reward hacking in production RL), and Wichers et al. 2025
    (Inoculation prompting). Here the prompt is that of the environments' own arm `told-to`, which names the steps.
    """

    begin_from: Literal["start", "last"] = "start"
    arm: str = _SUFFIX
    """Arm of the environments that asks for the hack."""

    def changes(self, profile: Profile) -> Mapping[str, Any]:
        """Let every stage play the arm that asks, under a name of its own."""
        names = {name for stage in profile.stages for name in stage.environments}
        asked = {self._asked(name): profile.reference(name).model_dump() | {"arm": self.arm} for name in sorted(names)}
        return {"environments": asked, "stages": [self._stage(stage) for stage in profile.stages]}

    def _stage(self, stage: Stage) -> dict[str, Any]:
        return stage.model_dump() | {"environments": [self._asked(name) for name in stage.environments]}

    def _asked(self, name: str) -> str:
        return f"{name}-{self.arm}"
