"""Reading a profile: from its text or its name to a valid one, or one clear error.

`inheritance` puts the keys together, `profile` says what they may be.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from gameable.discovery import PluginFile
from gameable.errors import ProfileError
from gameable.inheritance import Data, Source, blocked_by, find, merged, resolve
from gameable.profile import Evaluation, Oversight, PluginChoice, Profile, Sampling, Stage, Start


def load(text: str, overrides: Sequence[str] = (), where: str = "profile") -> Profile:
    """Read a profile from YAML text; see `inheritance.resolve`.

    Raises:
        ProfileError: it cannot be put together, or breaks the schema.
    """
    return _validated(Source(text, where), overrides)


def read(name: str, overrides: Sequence[str] = (), files: Sequence[PluginFile] = ()) -> Profile:
    """Load a profile by file path or by the name that a plugin offers it under; see `inheritance.find`.

    Args:
        name: What to load.
        overrides: `a.b=c` each, laid over it.
        files: Plugins in one file, which may offer it and which it takes along.

    Raises:
        ProfileError: the file cannot be read, or is no valid profile.
        PluginError: nobody offers a profile of that name.
    """
    return _validated(find(name, block=blocked_by(overrides), files=files), overrides, files)


def _validated(source: Source, overrides: Sequence[str], files: Sequence[PluginFile] = ()) -> Profile:
    data = resolve(source, overrides, files)
    if "mitigations" in data:
        raise ProfileError(f"{source.where} tries mitigations on a finished run: name the run with --from RUN.")
    if files:
        data = merged(data, {"plugins": {"files": list(files)}})
    return validated(data, source.where)


def validated(data: Data, where: str) -> Profile:
    """Make a profile of its keys, with everything that it extends merged in.

    Raises:
        ProfileError: it breaks the schema.
    """
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(_explain(error, where)) from error


def _explain(error: ValidationError, where: str) -> str:
    lines = [f"{where} cannot be run as written:"]
    lines += [_line(each["loc"], each["msg"], each["type"]) for each in error.errors(include_url=False)]
    return "\n".join(lines)


def _line(location: Sequence[int | str], message: str, kind: str) -> str:
    path = ".".join(map(str, location)) or "(top level)"
    if kind != "extra_forbidden":
        return f"  {path}: {message}"
    known = _fields_at(location[:-1])
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known)}"
    return f"  {path}: unknown key; {hint}"


_SECTIONS: Mapping[str, type[BaseModel]] = {
    "stages": Stage,
    "start": Start,
    "sampling": Sampling,
    "evaluation": Evaluation,
    "oversight": Oversight,
    "plugins": PluginChoice,
}


def _fields_at(location: Sequence[int | str]) -> list[str]:
    if not location:
        return [*Profile.model_fields, "extends", "defaults"]
    return list(_SECTIONS.get(str(location[0]), Profile).model_fields)
