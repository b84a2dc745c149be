"""gameable: a plugin testbed for specification gaming.

All that a plugin author imports is here and in `gameable.testing`.
"""

from __future__ import annotations

import pluggy

from gameable.contracts import (
    Canary,
    Completion,
    Context,
    Environment,
    Monitor,
    Optimizer,
    Played,
    Policy,
    Request,
    RewardSource,
    Sandbox,
    Session,
    Trained,
    Update,
)
from gameable.episode import (
    CommandResult,
    Episode,
    Estimate,
    Measured,
    Message,
    Oracle,
    Outcome,
    Payout,
    Score,
    ScoredEpisode,
    Segment,
    Task,
    Unscored,
)
from gameable.errors import (
    EnvironmentFault,
    GameableError,
    OptimizerError,
    PluginError,
    PolicyError,
    ProfileError,
    RewardError,
    SandboxError,
    StoreError,
)
from gameable.offers import (
    EnvironmentOffer,
    MonitorOffer,
    OptimizerOffer,
    PolicyOffer,
    ProfileOffer,
    ReportOffer,
    RewardOffer,
    SandboxOffer,
)
from gameable.progress import Progress, Silent
from gameable.views import ActionsView, FilesView, OracleView, TranscriptView, VisibleView, visible_text

hookimpl = pluggy.HookimplMarker("gameable")
"""Marks a function as the implementation of the hook that it is named after."""

__all__ = [
    "ActionsView",
    "Canary",
    "CommandResult",
    "Completion",
    "Context",
    "Environment",
    "EnvironmentFault",
    "EnvironmentOffer",
    "Episode",
    "Estimate",
    "FilesView",
    "GameableError",
    "Measured",
    "Message",
    "Monitor",
    "MonitorOffer",
    "Optimizer",
    "OptimizerError",
    "OptimizerOffer",
    "Oracle",
    "OracleView",
    "Outcome",
    "Payout",
    "Played",
    "PluginError",
    "Policy",
    "PolicyError",
    "PolicyOffer",
    "ProfileError",
    "ProfileOffer",
    "Progress",
    "ReportOffer",
    "Request",
    "RewardError",
    "RewardOffer",
    "RewardSource",
    "Sandbox",
    "SandboxError",
    "SandboxOffer",
    "Score",
    "ScoredEpisode",
    "Segment",
    "Session",
    "Silent",
    "StoreError",
    "Task",
    "Trained",
    "TranscriptView",
    "Unscored",
    "Update",
    "VisibleView",
    "hookimpl",
    "visible_text",
]
