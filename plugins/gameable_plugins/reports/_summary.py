"""What a run's folder says about it, arranged for the report: nothing here is computed twice or guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from gameable.runfolder import in_use
from gameable.store import Store


def name(manifest: Mapping[str, Any], folder: Path) -> str:
    """Return what to call a run: its profile, or else its folder."""
    return str(manifest.get("profile", {}).get("name", folder.name))


def status(store: Store) -> tuple[str, str]:
    """Return one word on the state of the run, and where it is."""
    milestones = list(store.milestones())
    if "run/finished" in milestones:
        return "complete", "every stage was trained and evaluated"
    where = f"after {milestones[-1].replace('/', ': ')}" if milestones else "before its first milestone"
    return ("running", where) if in_use(store.folder) else ("stopped", f"{where}; `gameable resume` goes on from there")


def facts(store: Store) -> dict[str, str]:
    """Return what was run, with which code, when and for how long."""
    manifest, profile = store.manifest, store.manifest.get("profile", {})
    finished = store.milestone("run/finished") or {}
    known = {
        "profile": profile.get("name"),
        "summary": profile.get("summary"),
        "policy": _named(profile.get("policy", {})),
        "seed": profile.get("seed"),
        "command": " ".join(manifest.get("argv", ())),
        "begun": manifest.get("created"),
        "finished": finished.get("finished"),
        "time worked": duration(finished.get("seconds")),
        "peak memory": _gigabytes(finished.get("peak_memory_bytes")),
        "gameable": manifest.get("gameable"),
        "commit": manifest.get("commit"),
        "versions": ", ".join(f"{name} {version}" for name, version in manifest.get("versions", {}).items()),
    }
    return {name: str(value) for name, value in known.items() if value not in {None, ""}}


def _named(plugin: Mapping[str, Any]) -> str:
    options = ", ".join(f"{name} {value}" for name, value in plugin.items() if name != "use")
    return f"{plugin.get('use', '')} ({options})" if options else str(plugin.get("use", ""))


def duration(seconds: Any) -> str:
    """Write seconds as hours, minutes and seconds; nothing when unknown."""
    return str(timedelta(seconds=round(seconds))) if isinstance(seconds, int | float) else ""


def _gigabytes(size: Any) -> str | None:
    return f"{size / 2**30:.1f} GiB" if isinstance(size, int | float) else None


def leads_up_to(manifest: Mapping[str, Any]) -> str:
    """Return the environment that the curriculum leads up to: the first that is held out, else the last column."""
    columns: Sequence[str] = manifest["environments"]
    return next(iter(manifest["held_out"]), columns[-1])


def played(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Say of each column that was not played as it comes what was different: its options, steering, a look-around."""
    settings: Mapping[str, Mapping[str, Any]] = manifest.get("profile", {}).get("environments", {})
    return {name: _difference(name, each) for name, each in settings.items() if _difference(name, each)}


def _difference(name: str, settings: Mapping[str, Any]) -> str:
    known = {"use", "steering", "explored"}
    parts = [settings["use"]] if settings.get("use", name) != name else []
    parts += [f"{option} {value}" for option, value in settings.items() if option not in known]
    parts += [f"thoughts begin with “{settings['steering']}”"] if settings.get("steering") else []
    parts += ["a scripted look-around comes before the model's first token"] if settings.get("explored") else []
    return ", ".join(parts)
