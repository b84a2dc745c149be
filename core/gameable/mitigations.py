"""Tries mitigations on a finished run: each is an ordinary run in a folder of its own, from one of the run's models.

The run's last model is measured once before; every mitigation is then measured on the same variants, with as many
samples. What is done already is skipped, so resuming is running it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gameable import runs
from gameable.assembly import plugins_of
from gameable.contracts import Mitigation
from gameable.discovery import PluginFile
from gameable.errors import GameableError, ProfileError, StoreError
from gameable.inheritance import Data, changed, extended, find, merged
from gameable.offers import MitigationOffer
from gameable.plugins import Plugins
from gameable.profile import START, PluginReference, Profile
from gameable.profile_reading import validated
from gameable.progress import Progress
from gameable.runfolder import CHECKPOINTS, MITIGATIONS, claim, whole
from gameable.store import Store

BEFORE = "before"
"""Folder of the run that measures the last model as it was."""
_KEY = "mitigations"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Suite:
    """A finished run and what is to be tried on it."""

    name: str
    run: Path
    """Folder of the finished run, absolute."""
    models: Mapping[Literal["start", "last"], Path | None]
    """Where its weights are; None for the policy's own."""
    profile: Profile
    """What the finished run did, with what the suite and the user have set otherwise."""
    mitigations: Mapping[str, PluginReference]
    """By the name of their folder."""


def read(name: str, run: Path, overrides: Sequence[str] = (), files: Sequence[PluginFile] = ()) -> Suite:
    """Read which mitigations a profile tries, and the finished run that they are tried on.

    Args:
        name: a profile, by name or file, with `mitigations: {NAME: {use: PLUGIN, …}}` and nothing else but what is to
            be otherwise than in the run; `use` may be left out where it is the name.
        run: folder of the finished run.
        overrides: `a.b=c` each, laid over all of that.
        files: Plugins in one file, which may offer the profile or a mitigation; the run's own if there are none.

    Raises:
        GameableError: the profile tries none or breaks the schema, or the run is none, not finished, or lacks weights.
    """
    finished, place = _finished(run), run.resolve()
    source = find(name, files=files)
    own = extended(source, files=files)
    suite = str(own.pop("name", "mitigations"))
    own.pop("summary", None)
    if not isinstance(own.get(_KEY), dict):
        raise ProfileError(
            f"{source.where} tries no mitigations: --from takes a profile with `mitigations: {{NAME: …}}`, such as the "
            "one called 'mitigations'."
        )
    data = changed({**finished.model_dump(mode="json"), _KEY: {}}, own, overrides, source.where)
    tried = _references(data.pop(_KEY), source.where)
    if files:
        data = merged(data, {"plugins": {"files": list(files)}})
    profile = validated(data, source.where)
    if profile.seeds > 1:
        raise ProfileError("a finished run has one seed: leave --seeds out, and name each run of a folder in turn.")
    return Suite(suite, place, _models(finished, place), profile, tried)


def _finished(run: Path) -> Profile:
    with Store.open(run, write=False) as store:
        profile = runs.profile_of(store)
        if store.milestone("run/finished") is None:
            raise StoreError(f"{run} is not finished: type `gameable resume {run}` first.")
    if not profile.stages:
        raise ProfileError(f"{run} trained no stage, so there is nothing to mitigate: name a run with a curriculum.")
    return profile


def _models(profile: Profile, run: Path) -> dict[Literal["start", "last"], Path | None]:
    given = Path(profile.checkpoint).resolve() if profile.checkpoint else None
    learned = run / CHECKPOINTS / START if profile.start and given is None else given
    found: dict[Literal["start", "last"], Path | None] = {
        "start": learned,
        "last": run / CHECKPOINTS / profile.models[-1],
    }
    for model in found.values():
        if model is not None and not model.is_dir():
            raise StoreError(f"The weights in {model} are gone, and mitigations begin from them: restore that folder.")
    return found


def _references(data: Any, where: str) -> dict[str, PluginReference]:
    if not isinstance(data, dict):
        raise ProfileError(f"{where}: mitigations must be a mapping of names to options.")
    found = {name: each for name, each in data.items() if each is not None}
    if not found:
        raise ProfileError(f"{where}: no mitigation is left to try.")
    return {name: _reference(str(name), each, where) for name, each in found.items()}


def _reference(name: str, data: Any, where: str) -> PluginReference:
    named = {"use": data} if isinstance(data, str) else {"use": name, **data} if isinstance(data, dict) else {}
    if not _NAME.fullmatch(name) or name == BEFORE or not isinstance(named.get("use"), str):
        raise ProfileError(
            f"{where}: mitigations.{name} must be a mapping of options under a name of lower-case letters, digits and "
            f"hyphens that is not '{BEFORE}'."
        )
    return PluginReference.model_validate(named)


# --- what each of them runs ------------------------------------------------------------------------------------------


def profiles(suite: Suite, plugins: Plugins) -> dict[str, Profile]:
    """Return what is run, by the name of its folder: the measurement before, then each mitigation.

    Raises:
        GameableError: a mitigation is unknown, refuses its options, or does not fit the run.
    """
    start = f"the last model of {suite.run.name} as it was"
    untouched: Data = {
        "stages": [],
        "start": None,
        "name": BEFORE,
        "summary": start,
        "checkpoint": str(suite.models["last"]),
    }
    planned = {BEFORE: _measured_once(suite, untouched, BEFORE)}
    for name, reference in suite.mitigations.items():
        with_summary = {"name": name, "summary": plugins.find(MitigationOffer, reference.use).summary}
        mitigation = plugins.mitigation(reference.use, reference.options)
        begin = suite.models[mitigation.begin_from]
        change = {**_changes(suite, name, mitigation), **with_summary, "checkpoint": str(begin) if begin else None}
        planned[name] = _measured_once(suite, change, f"mitigation '{name}'")
    return planned


def _changes(suite: Suite, name: str, mitigation: Mitigation) -> Data:
    try:
        return dict(mitigation.changes(suite.profile))
    except ValueError as error:
        raise ProfileError(f"mitigation '{name}' does not fit {suite.run}: {error} {_leave_out(name)}") from error


def _leave_out(name: str) -> str:
    return f"Leave it out with --set {_KEY}.{name}=null."


def _measured_once(suite: Suite, change: Data, where: str) -> Profile:
    """Lay a change over the suite's profile; of its models only the last is measured, by the suite's own measure."""
    base = suite.profile.model_dump(mode="json")
    base["evaluation"]["models"] = []
    profile = validated(changed(base, {**change, "seeds": 1}, (), where), where)
    evaluation = suite.profile.evaluation.model_copy(update={"models": [profile.models[-1]]})
    played = {name: each for name, each in profile.environments.items() if name in profile.environment_names}
    return profile.model_copy(update={"evaluation": evaluation, "environments": played})


# --- running ---------------------------------------------------------------------------------------------------------


def start(
    suite: Suite, plugins: Plugins, folder: Path, progress: Progress, cluster: str | None = None
) -> Iterator[Path]:
    """Try everything into a new folder, and yield the folder of each run that has ended.

    Raises:
        GameableError: the suite, a plugin, the model or the folder is not as it must be.
    """
    planned = profiles(suite, plugins)
    for name, profile in planned.items():
        _ready(name, profile, plugins, folder)
    claim(folder)
    _write_plan(folder, suite, planned)
    yield from _all(planned, plugins, folder, progress, cluster)


def resume(folder: Path, progress: Progress, cluster: str | None = None) -> Iterator[Path]:
    """Go on where it was stopped; yield as `start` does.

    Raises:
        GameableError: the folder holds no such runs, another process works on it, or its plugins are gone.
    """
    planned = {name: validated(each, str(folder / MITIGATIONS)) for name, each in plan(folder)["runs"].items()}
    yield from _all(planned, plugins_of(planned[BEFORE]), folder, progress, cluster)


def plan(folder: Path) -> dict[str, Any]:
    """Return what a folder tries: the finished `run`, and the profiles of all `runs` by name.

    Raises:
        StoreError: the folder holds no mitigations.
    """
    try:
        found: dict[str, Any] = json.loads((folder / MITIGATIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"No mitigations in {folder}: {folder / MITIGATIONS} cannot be read ({error}). Name the folder that "
            "`gameable run mitigations --from RUN` printed."
        ) from error
    return found


def _ready(name: str, profile: Profile, plugins: Plugins, folder: Path) -> None:
    try:
        runs.ready(profile, plugins, folder)
    except GameableError as error:
        if name == BEFORE:
            raise
        raise type(error)(f"mitigation '{name}' cannot be tried: {error} {_leave_out(name)}") from error


def _write_plan(folder: Path, suite: Suite, planned: Mapping[str, Profile]) -> None:
    told = {"run": str(suite.run), "runs": {name: each.model_dump(mode="json") for name, each in planned.items()}}
    with whole(folder / MITIGATIONS) as draft:
        draft.write_text(json.dumps(told, indent=2), encoding="utf-8")


def _all(
    planned: Mapping[str, Profile], plugins: Plugins, folder: Path, progress: Progress, cluster: str | None
) -> Iterator[Path]:
    for place, (name, profile) in enumerate(planned.items(), start=1):
        progress.say(f"{place} of {len(planned)}, {name}: {profile.summary}")
        runs.go_on(profile, plugins, folder / name, progress, cluster)
        yield folder / name
