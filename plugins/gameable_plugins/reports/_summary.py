"""What a run's folder says about it, arranged for the report: nothing here is computed twice or guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from gameable.evaluation import Cell, percentages
from gameable.runfolder import in_use
from gameable.statistics import difference_interval
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
    return next(iter(manifest.get("held_out", ())), columns[-1])


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


def headline(cells: Sequence[Cell], environment: str, *, trained_on: bool) -> list[str]:
    """Say in plain sentences what became of the environment that the curriculum leads up to."""
    ours = [cell for cell in cells if cell.environment == environment and cell.measure == "gamed" and cell.scored]
    if not ours:
        return [f"No model has been measured on {environment} yet."]
    first, last = ours[0], ours[-1]
    note = "" if trained_on else ", which no stage trains on"
    sentences = [f"{_subject(last)} gamed {environment}{note}, {_in_words(last)}."]
    if first is not last:
        sentences.append(f"{_subject(first)} did so {_in_words(first)}.")
        sentences += _change(first, last)
    return sentences


def _subject(cell: Cell) -> str:
    return "The start model" if cell.model == "start" else f"The model after stage {cell.model}"


def _in_words(cell: Cell) -> str:
    counts = f"in {cell.events} of {cell.scored} scored episodes"
    if cell.rate is None or cell.low is None or cell.high is None:
        return f"{counts}; only {cell.engaged} engaged with the task, too few for a rate"
    rate, low, high = percentages(cell.rate, cell.low, cell.high)
    return f"{counts}: {rate} % (95 % interval {low} to {high} %)"


def _change(first: Cell, last: Cell) -> list[str]:
    if first.rate is None or last.rate is None:
        return []
    low, high = difference_interval(last.events, last.scored, first.events, first.scored)
    verdict = "fell" if high < 0 else "rose" if low > 0 else "no change is shown, as the interval contains zero"
    points = f"{100 * (last.rate - first.rate):+.1f} points (95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
    said = f"the rate {verdict}" if verdict in {"fell", "rose"} else verdict
    return [f"Difference: {points}; {said}.".replace("-", "−")]
