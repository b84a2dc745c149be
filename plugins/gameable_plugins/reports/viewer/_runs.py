"""Which runs there are, how far each is, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable import StoreError
from gameable.catalogue import Catalogue, Wanted
from gameable.store import Store
from gameable_plugins.reports import _summary


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the list of runs."""

    name: str
    """Its folder, relative to the folder of runs."""
    title: str
    summary: str
    created: str
    status: str
    where: str
    episodes: int

    @property
    def live(self) -> bool:
        """Whether a process is writing it."""
        return self.status == "running"


def folders(runs: Path) -> dict[str, Path]:
    """Return every run by name: in the folder, one below it (several seeds), or the folder itself."""
    own = {runs.absolute().name: runs} if (runs / "manifest.json").is_file() else {}
    found = [path.parent for depth in ("*", "*/*") for path in runs.glob(f"{depth}/manifest.json")]
    return own | {folder.relative_to(runs).as_posix(): folder for folder in sorted(found)}


def listed(runs: Path) -> list[Run]:
    """Return all runs, newest first; one that cannot be read says why."""
    found = [_run(name, folder) for name, folder in folders(runs).items()]
    return sorted(found, key=lambda run: run.created, reverse=True)


def _run(name: str, folder: Path) -> Run:
    try:
        with Store.open(folder, write=False) as store, Catalogue(folder) as catalogue:
            profile = store.manifest.get("profile", {})
            status, where = _summary.status(store)
            title, summary = str(profile.get("name", name)), str(profile.get("summary", ""))
            created = str(store.manifest.get("created", ""))
            return Run(name, title, summary, created, status, where, catalogue.count(Wanted()))
    except StoreError as error:
        return Run(name, name, "", "", "unreadable", str(error), 0)


def overview(store: Store) -> dict[str, Any]:
    """Return the head of a run's page, by the names that its template uses."""
    status, where = _summary.status(store)
    return {
        "title": store.manifest.get("profile", {}).get("name", store.folder.name),
        "status": status,
        "where": where,
        "live": status == "running",
        "facts": _summary.facts(store),
        "milestones": list(_milestones(store)),
    }


def _milestones(store: Store) -> Iterator[tuple[str, str]]:
    for name, figures in store.milestones().items():
        plain = {key: value for key, value in figures.items() if isinstance(value, int | float | str) and value != ""}
        yield name, ", ".join(f"{key.replace('_', ' ')} {_short(value)}" for key, value in plain.items())


def _short(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
