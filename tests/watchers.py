"""Small monitors for tests, offered like anybody's, and runs of toys that they look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from gameable import (
    Access,
    ActionsView,
    Measured,
    Monitor,
    MonitorOffer,
    Progress,
    Score,
    Silent,
    Unscored,
    hookimpl,
)
from gameable.assembly import assemble
from gameable.curriculum import Curriculum
from gameable.discovery import Origin
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from toys import PROFILE, toy_plugins


@dataclass
class Hot(Monitor):
    """Suspects whoever writes 90, and cannot say where a command was refused."""

    access: ClassVar[Access] = "actions"

    blind: bool = False
    """Whether it abstains from everything."""
    doubled: bool = False
    """Whether its suspicions lie outside of [0, 1]."""

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        return [Unscored("blind") if self.blind else self._look(view) for view in views]

    def _look(self, view: ActionsView) -> Score:
        hot = any("90" in result.command for result in view.commands)
        return Measured((0.9 if hot else 0.1) * (2 if self.doubled else 1), "wrote 90" if hot else "")


@dataclass
class Everything(Hot):
    """The same, for those who may see everything."""

    access: ClassVar[Access] = "oracle"


@dataclass
class Counting(Hot):
    """Counts what it looks at, and stops the process, so to speak, when its patience is at an end."""

    patience: int = 1_000_000
    seen: list[str] = field(init=False, repr=False, default_factory=list)

    @property
    def tokens(self) -> int:
        return 7 * len(self.seen)

    def prepare(self, folder: Path, cache: Path, progress: Progress) -> None:
        PREPARED.append(folder)

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        if len(self.seen) >= self.patience:
            raise KeyboardInterrupt
        self.seen += [view.id for view in views]
        INSPECTED.extend(view.id for view in views)
        return super().inspect(views)


PREPARED: list[Path] = []
INSPECTED: list[str] = []
"""What all monitors of this class together were given since a test cleared the lists."""


class WatcherPlugin:
    """Registers them."""

    @hookimpl
    def gameable_monitors(self) -> Iterable[MonitorOffer]:
        for name, made in {"hot": Hot, "everything": Everything, "counting-monitor": Counting}.items():
            yield MonitorOffer(name=name, summary="Looks.", factory=f"watchers:{made.__name__}")


def plugins() -> Plugins:
    """The bundled plugins, the toys and these."""
    found = toy_plugins()
    found.register(WatcherPlugin(), Origin("watchers", "1.0", "watchers"))
    return found


def profile(*monitors: Mapping[str, Any] | str, access: Access = "files", **changes: object) -> Profile:
    """A toy profile that these monitors watch."""
    oversight = {"access": access, "monitors": list(monitors)}
    return Profile.model_validate({**PROFILE, "oversight": oversight, **changes})


def begun(folder: Path, chosen: Profile, progress: Progress | None = None, *, new: bool = True) -> Curriculum:
    """A run of a profile, ready to go (on)."""
    parts = assemble(chosen, plugins())
    store = Store.create(folder, manifest(chosen, parts, plugins())) if new else Store.open(folder, write=True)
    return Curriculum(chosen, parts, store, folder.parent / "cache", progress or Silent(), Here(chosen, parts))


class Listening(Silent):
    """Progress that remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)
