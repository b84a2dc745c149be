"""The reference of a profile's keys, from its schema."""

from __future__ import annotations

import inspect

from gameable import discovery, profile
from options import Schema, table


def profile_keys() -> str:
    """Return the keys of a profile and of everything in it, a section for each."""
    schema = profile.Profile.model_json_schema()
    sections = {"Profile": schema, **schema["$defs"]}
    return "\n\n".join(_section(name, each) for name, each in sections.items())


def _section(name: str, schema: Schema) -> str:
    owner = getattr(profile, name, None) or getattr(discovery, name)
    return f"## {name}\n\n{inspect.getdoc(owner)}\n\n{table(owner, schema)}"
