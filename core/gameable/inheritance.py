"""How the data of a profile comes together: what it extends, then its own keys, then `--set`, then stage defaults.

All of this is plain data; the schema is looked at only once everything is in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from gameable.discovery import PluginFile, candidates, check_required
from gameable.errors import ProfileError
from gameable.plugins import Plugins

Data = dict[str, Any]

_NAMED_BY: Mapping[str, str] = {"stages": "name", "rewards": "use"}
"""Lists whose entries have a name, and the key that holds it: a mapping changes such a list entry by entry."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a profile and where it came from."""

    text: str
    where: str
    """What to call it in messages."""
    folder: Path = Path()
    """Where the paths in it begin."""


def find(name: str, folder: Path = Path(), block: Sequence[str] = (), files: Sequence[PluginFile] = ()) -> Source:
    """Find a profile by file path or by the name that a plugin offers it under.

    A file is read before any plugin is imported, so that what it blocks never is.

    Raises:
        ProfileError: the file cannot be read.
        PluginError: nobody offers a profile of that name.
    """
    path = folder / name
    if path.suffix not in {".yaml", ".yml"}:
        return Source(Plugins(block, files).profile_text(name), f"profile '{name}'")
    try:
        return Source(path.read_text(encoding="utf-8"), str(path), path.parent)
    except OSError as error:
        raise ProfileError(f"cannot read the profile {path}: {error.strerror}. Looked in {Path.cwd()}.") from error


def resolve(source: Source, overrides: Sequence[str] = (), files: Sequence[PluginFile] = ()) -> Data:
    """Return the keys of a profile with everything that it extends merged in, `extends` and `defaults` being gone.

    Args:
        source: The profile.
        overrides: `a.b=c` each; `c` is read as YAML, and numbers in the path count list items from 0.
        files: Plugins in one file, which may offer what is extended.

    Raises:
        ProfileError: something is no YAML, a base extends what extends it, or two parts do not fit together.
        PluginError: nobody offers a profile of the name that is extended.
    """
    data = extended(source, blocked_by(overrides), files)
    for override in overrides:
        _apply(data, override)
    return _with_defaults(data, source.where)


def extended(source: Source, block: Sequence[str] = (), files: Sequence[PluginFile] = ()) -> Data:
    """Return the keys of a profile with everything that it extends merged in, before `--set` and `defaults`.

    Raises:
        ProfileError: something is no YAML, a base extends what extends it, or two parts do not fit together.
        PluginError: nobody offers a profile of the name that is extended.
    """
    return _extended(source, (), block, files)


def changed(data: Data, change: Data, overrides: Sequence[str], where: str) -> Data:
    """Return a resolved profile with a change and then `--set` laid over it; `defaults` change every stage.

    Raises:
        ProfileError: two parts do not fit together.
    """
    try:
        found = merged(deepcopy(data), deepcopy(change))
        for override in overrides:
            _apply(found, override)
        defaults = found.pop("defaults", {})
        stages = [merged(stage, defaults) for stage in found["stages"]] if defaults else found["stages"]
    except _MisfitError as misfit:
        raise ProfileError(f"{where} does not fit the profile that it changes: {misfit}") from misfit
    return {**found, "stages": stages}


def _extended(source: Source, children: tuple[str, ...], block: Sequence[str], files: Sequence[PluginFile]) -> Data:
    if source.where in children:
        raise ProfileError(f"profiles extend each other in a circle: {' → '.join((*children, source.where))}.")
    data = _parsed(source)
    base = data.pop("extends", None)
    if base is None:
        return data
    if not isinstance(base, str):
        raise ProfileError(f"{source.where}: extends takes one name or .yaml file, not {base!r}.")
    block = [*block, *_listed(data, "block")]
    check_required(_listed(data, "require"), candidates(files))
    found = find(base, source.folder, block, files)
    try:
        return merged(_extended(found, (*children, source.where), block, files), data)
    except _MisfitError as misfit:
        raise ProfileError(f"{source.where} does not fit {found.where}, which it extends: {misfit}") from misfit


def _parsed(source: Source) -> Data:
    try:
        data = yaml.safe_load(source.text)
    except yaml.YAMLError as error:
        raise ProfileError(f"{source.where} is no valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise ProfileError(f"{source.where} must be a mapping with keys such as name, policy, stages.")
    return data


def _listed(data: Data, key: Literal["block", "require"]) -> list[str]:
    """Read which plugins are blocked or required before the schema has been looked at, which they may break."""
    plugins = data.get("plugins")
    names = plugins.get(key) if isinstance(plugins, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def blocked_by(overrides: Sequence[str]) -> list[str]:
    """Return which plugins `--set` blocks, before any of them is imported."""
    data: Data = {}
    for override in overrides:
        if override.startswith(("plugins=", "plugins.block=")):
            _apply(data, override)
    return _listed(data, "block")


# --- merging ---------------------------------------------------------------------------------------------------------


class _MisfitError(Exception):
    """Two parts that cannot be merged; the message says where and why."""


def merged(base: Data, change: Data, where: str = "") -> Data:
    """Return `base` with `change` laid over it; neither is altered.

    Mappings merge key by key. A plugin of another name (`use`) replaces the whole mapping, since options of one plugin
    mean nothing to the next. A mapping over the list of stages or rewards changes it by name, and null takes an entry
    of these out. Everything else is replaced.
    """
    return {**base, **{key: _laid_over(base.get(key), value, f"{where}{key}") for key, value in change.items()}}


def _laid_over(old: Any, new: Any, path: str) -> Any:
    if not isinstance(new, dict) or old is None:
        return new
    if isinstance(old, list):
        return _changed_by_name(old, new, path)
    if isinstance(old, str):  # `policy: hf` is short for `policy: {use: hf}`
        old = {"use": old}
    if not isinstance(old, dict):
        raise _MisfitError(f"{path} is {old!r} there, a plain value, and has no keys that could be changed.")
    if "use" in new and new["use"] != old.get("use"):
        return new
    return merged(old, new, f"{path}.")


def _changed_by_name(old: list[Any], new: Data, path: str) -> list[Data]:
    """Merge entries of the same name where they are, put new ones at the end, take out those that are null."""
    key = _NAMED_BY.get(path)
    if key is None:
        raise _MisfitError(f"{path} is a list there, and a mapping here: write the whole list.")
    named = {entry[key]: entry for entry in old if isinstance(entry, dict) and key in entry}
    if len(named) < len(old):
        raise _MisfitError(f"{path} there has entries without a '{key}' of their own: write the whole list.")
    _check_changes(named, new, path)
    entries = merged(named, new, f"{path}.")
    return [{key: name, **entry} for name, entry in entries.items() if entry is not None]


def _check_changes(named: Data, changes: Data, path: str) -> None:
    for name, change in changes.items():
        if change is None and name not in named:
            raise _MisfitError(f"{path} there has no '{name}' to take out; it has: {', '.join(named)}.")
        if change is not None and not isinstance(change, dict):
            raise _MisfitError(f"{path}.{name} must be a mapping of what changes, or null to take it out.")


def _with_defaults(data: Data, where: str) -> Data:
    """Lay every stage over `defaults`, so that stages name only what is their own."""
    defaults = data.pop("defaults", {})
    if not isinstance(defaults, dict):
        raise ProfileError(f"{where}: defaults must be a mapping of keys that stages share, such as samples: 64.")
    stages = data.get("stages")
    if not defaults or not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        return data  # where something is wrong, the schema says what
    try:
        return {**data, "stages": [merged(defaults, stage, f"stages.{at}.") for at, stage in enumerate(stages)]}
    except _MisfitError as misfit:
        raise ProfileError(f"{where}: a stage does not fit the defaults: {misfit}") from misfit


# --- overrides -------------------------------------------------------------------------------------------------------


def options(overrides: Sequence[str]) -> Data:
    """Return what KEY=VALUE settings make of nothing: the options of a plugin, inner keys joined by dots.

    Raises:
        ProfileError: one of them is no KEY=VALUE.
    """
    data: Data = {}
    for override in overrides:
        _apply(data, override)
    return data


def _apply(data: Data, override: str) -> None:
    path, equals, value = override.partition("=")
    if not equals or not path:
        raise ProfileError(f"--set {override}: write KEY=VALUE, for example --set evaluation.variants=10")
    *parents, last = path.split(".")
    place: Any = data
    for key in parents:
        place = _step(place, key, override)
    if isinstance(place, list):
        place[_index(place, last, override)] = _value(value, override)
    else:
        place[last] = _value(value, override)


def _value(text: str, override: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProfileError(f"--set {override}: what follows the = is no valid YAML: {error}") from error


def _step(place: Any, key: str, override: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, key, override)]
    child = place.setdefault(key, {})
    if isinstance(child, str):  # `policy: hf` is short for `policy: {use: hf}`
        child = place[key] = {"use": child}
    if not isinstance(child, dict | list):
        raise ProfileError(f"--set {override}: '{key}' is a plain value and has no keys below it.")
    return child


def _index(place: Sequence[Any], key: str, override: str) -> int:
    if key.isdigit() and int(key) < len(place):
        return int(key)
    raise ProfileError(f"--set {override}: '{key}' is no position in a list of {len(place)}; count from 0.")
