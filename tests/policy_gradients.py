"""What updates by policy gradient are tested on: a dozen episodes with observations in their middle, paid unequally."""

from __future__ import annotations

from typing import Any

import pytest
from updates import episode, saw, wrote

from gameable_plugins.optimizers.ppo import PPO
from gameable_plugins.optimizers.rloo import RLOO

EPISODES = tuple(
    episode(
        f"s{index}",
        wrote("look ls"[: 4 + index % 3]),
        saw(f"\na{index}.txt\n" * (1 + index % 2)),
        wrote("done"[: 1 + index % 4]),
        variant=str(index // 4),
        reward=float(index % 3),
    )
    for index in range(12)
)
BOTH = pytest.mark.parametrize("kind", [PPO, RLOO])


def fast(kind: type[PPO | RLOO] = PPO, **options: Any) -> PPO | RLOO:
    """Three steps an epoch, six in all; never stopped early."""
    return kind(**{"learning_rate": 1e-3, "batch_size": 4, "epochs": 2, "target_kl": None, **options})
