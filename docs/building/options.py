"""Tables of keys: name, type and default out of the JSON schema that pydantic makes, meaning out of the docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import griffe
import yaml
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Schema = Mapping[str, Any]

_WORDS = {
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "null": "null",
    "plugin": "plugin",
    "string": "text",
}
_EMPTY: Mapping[str, object] = {"array": [], "object": {}}
"""Defaults that are made anew each time, and so stand in no schema."""
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


class WithPlugins(GenerateJsonSchema):
    """Also says what an option is that names a plugin, which pydantic has no schema for."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        """Stand for an option that is a plugin itself."""
        return {"type": "plugin"}


def table(owner: type, schema: Schema) -> str:
    """Write a table of the keys of a model or dataclass."""
    rows = [
        f"| `{key}` | {_type(each)} | {_default(key, each, schema)} | {meaning(owner, key)} |"
        for key, each in schema.get("properties", {}).items()
        if not key.startswith("_")
    ]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows]) if rows else "No options."


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object":
        each = schema.get("additionalProperties")
        return f"mapping of names to {_type(each) if isinstance(each, dict) else 'anything'}"
    kind: str = schema.get("type", "anything")
    word = _WORDS.get(kind, kind)
    bounds = [f"{sign} {schema[bound]}" for bound, sign in _BOUNDS.items() if bound in schema]
    return " ".join([word, ", ".join(bounds)]).strip()


def _default(key: str, schema: Schema, owner: Schema) -> str:
    if key in owner.get("required", ()):
        return "required"
    value = schema.get("default", _EMPTY.get(schema.get("type", "")))
    if "$ref" in schema and isinstance(value, dict) and "use" not in value:
        return "its own"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
    return f"`{text}`"


def meaning(owner: type, key: str) -> str:
    """Return the docstring below a field, in one line; it may stand in a class that this one extends.

    Raises:
        LookupError: there is none.
    """
    for each in owner.__mro__:
        if text := _docstrings(each).get(key):
            return " ".join(text.split()).replace("|", "\\|")
    raise LookupError(f"{owner.__module__}.{owner.__qualname__}.{key} has no docstring.")


def _docstrings(owner: type) -> dict[str, str]:
    if not owner.__module__.startswith("gameable"):
        return {}
    members = _module(owner.__module__)[owner.__qualname__].members
    return {name: member.docstring.value for name, member in members.items() if member.docstring}


@cache
def _module(name: str) -> griffe.Module:
    file = Path(inspect.getfile(__import__(name, fromlist=["_"])))
    return griffe.visit(name, filepath=file, code=file.read_text(encoding="utf-8"))
