"""Who plays episodes: this process, or workers elsewhere that each hold a model, a sandbox and the environments.

The stage loop asks and stores; it does not know where an episode was played.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gameable import canary
from gameable.assembly import Parts
from gameable.contracts import Canary
from gameable.episode import Episode, Estimate
from gameable.probe import probe
from gameable.profile import Profile
from gameable.rollout import Play, Rollout

Keep = Callable[[Sequence[Episode]], None]
"""Takes finished episodes, as soon as there are some."""


class Workers(Protocol):
    """Plays episodes with the weights that were adopted last."""

    @property
    def gpus(self) -> int:
        """How many GPUs are held while the run lasts, idle or not."""

    def adopt(self, checkpoint: Path, bird: Canary | None = None) -> float | None:
        """Sample from these weights from now on; return how far they are from what the canary heard, in nats a token.

        Raises:
            PolicyError: the weights cannot be taken on, or were not, as the canary tells.
        """

    def play(self, model: str, plays: Sequence[Play], known: set[str], keep: Keep) -> None:
        """Play what is not known yet, as `Rollout.run` does; `model` is written into each episode."""

    def probe(self, model: str, pairs: Sequence[tuple[Play, Play]]) -> list[Estimate]:
        """Return what `probe.probe` does."""

    def rest(self) -> None:
        """Free memory for training; what comes next is `adopt`."""

    def close(self) -> None:
        """Free everything. May be called twice."""


@dataclass(frozen=True, slots=True)
class Here:
    """Plays in this process."""

    profile: Profile
    parts: Parts

    @property
    def gpus(self) -> int:
        """Those that this process may use; whoever computes on one has imported torch."""
        torch = sys.modules.get("torch")
        return int(torch.cuda.device_count()) if torch else 0

    def adopt(self, checkpoint: Path, bird: Canary | None = None) -> float | None:
        """Adopt, and hold the sampler against the canary."""
        self.parts.policy.adopt(checkpoint)
        return canary.check(self.parts.policy, bird) if bird else None

    def play(self, model: str, plays: Sequence[Play], known: set[str], keep: Keep) -> None:
        """Play one batch after another."""
        self.rollout(model).run(plays, known, keep)

    def probe(self, model: str, pairs: Sequence[tuple[Play, Play]]) -> list[Estimate]:
        """Probe the model of this process."""
        return probe(self.rollout(model), pairs)

    def rest(self) -> None:
        """Let the policy rest."""
        self.parts.policy.rest()

    def close(self) -> None:
        """Close policy and sandbox."""
        self.parts.policy.close()
        self.parts.sandbox.close()

    def rollout(self, model: str) -> Rollout:
        """Return what plays the episodes of one model."""
        return Rollout(
            policy=self.parts.policy,
            sandbox=self.parts.sandbox,
            environments=self.parts.environments,
            sampling=self.profile.sampling,
            model=model,
            seed=self.profile.seed,
        )
