"""What a plugin offers: small frozen records with a name, a summary, and where to find the code.

The factory is a string, so that listing plugins imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gameable.contracts import Environment, Mitigation, Monitor, Optimizer, Policy, RewardSource, Sandbox


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a profile can name."""

    kind: ClassVar[str] = ""
    """What it is called in `gameable plugins`."""
    contract: ClassVar[type]
    """The class that the factory must be a subclass of; `object` where the factory is no class."""

    name: str
    """How profiles and commands call it: lower case, words joined by hyphens."""
    summary: str
    """One sentence for `gameable plugins`."""
    factory: str
    """`module:attribute` of the class, imported when a run names it."""


@dataclass(frozen=True, slots=True)
class EnvironmentOffer(Offer):
    """Offers an `Environment`."""

    kind: ClassVar[str] = "environment"
    contract: ClassVar[type] = Environment
    held_out: bool = False
    """Only ever evaluated: a profile that trains on it is refused before anything is imported."""
    gameable: bool = True
    """False for ordinary queries and demonstrations: never a column of the matrix."""


@dataclass(frozen=True, slots=True)
class PolicyOffer(Offer):
    """Offers a `Policy`."""

    kind: ClassVar[str] = "policy"
    contract: ClassVar[type] = Policy


@dataclass(frozen=True, slots=True)
class RewardOffer(Offer):
    """Offers a `RewardSource`."""

    kind: ClassVar[str] = "reward"
    contract: ClassVar[type] = RewardSource


@dataclass(frozen=True, slots=True)
class OptimizerOffer(Offer):
    """Offers an `Optimizer`."""

    kind: ClassVar[str] = "optimizer"
    contract: ClassVar[type] = Optimizer


@dataclass(frozen=True, slots=True)
class MonitorOffer(Offer):
    """Offers a `Monitor`."""

    kind: ClassVar[str] = "monitor"
    contract: ClassVar[type] = Monitor


@dataclass(frozen=True, slots=True)
class MitigationOffer(Offer):
    """Offers a `Mitigation`."""

    kind: ClassVar[str] = "mitigation"
    contract: ClassVar[type] = Mitigation


@dataclass(frozen=True, slots=True)
class SandboxOffer(Offer):
    """Offers a `Sandbox`."""

    kind: ClassVar[str] = "sandbox"
    contract: ClassVar[type] = Sandbox


@dataclass(frozen=True, slots=True)
class ProfileOffer(Offer):
    """Offers a ready profile; the factory is `package:path/to/profile.yaml`."""

    kind: ClassVar[str] = "profile"
    contract: ClassVar[type] = object


@dataclass(frozen=True, slots=True)
class ReportOffer(Offer):
    """Offers a report: a function `(run_folder: Path) -> Path` that writes one file and returns where."""

    kind: ClassVar[str] = "report"
    contract: ClassVar[type] = object


@dataclass(frozen=True, slots=True)
class ExportOffer(Offer):
    """Offers a file format: a function `(store: Store, folder: Path, progress: Progress) -> list[Path]`.

    It writes files into the folder, whole or not at all (`gameable.runfolder.whole`), and returns them.
    """

    kind: ClassVar[str] = "export"
    contract: ClassVar[type] = object


@dataclass(frozen=True, slots=True)
class ViewerOffer(Offer):
    """Offers a way to look at runs: a function `(runs: Path) -> ASGI application`; it is served on loopback only."""

    kind: ClassVar[str] = "viewer"
    contract: ClassVar[type] = object
