"""Retraining under other conditions: whatever a profile can say is a mitigation without a line of code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gameable import Mitigation, Profile


@dataclass
class Retraining(Mitigation):
    """Trains the run's stages again with some keys of its profile changed."""

    begin_from: Literal["start", "last"] = "start"
    set: dict[str, Any] = field(default_factory=dict)
    """Keys laid over the run's profile, as a profile that extends it would have them; `defaults` change every stage."""

    def changes(self, profile: Profile) -> Mapping[str, Any]:
        """Return the keys as they are."""
        return self.set
