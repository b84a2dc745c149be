"""The reference of the plugins that ship, with the options that a profile can set."""

from __future__ import annotations

import inspect

from pydantic import TypeAdapter

from gameable.factories import load
from gameable.hook_checks import HOOKS
from gameable.offers import Offer
from gameable.plugins import Plugins
from options import WithPlugins, table

_HEADINGS = {"policy": "Policies", "sandbox": "Sandboxes"}
"""Plurals that take more than an `s`."""


def bundled_plugins() -> str:
    """Return every plugin of the distribution `gameable`, by kind."""
    plugins = Plugins()
    ours = {(row.kind, row.name) for row in plugins.rows() if row.distribution == "gameable"}
    parts: list[str] = []
    for kind in HOOKS.values():
        offers = [plugins.find(kind, name) for name in plugins.names(kind) if (kind.kind, name) in ours]
        parts.append(f"## {_HEADINGS.get(kind.kind, f'{kind.kind.capitalize()}s')}")
        parts += [_listed(offers)] if kind.contract is object else [_section(each) for each in offers]
    return "\n\n".join(parts)


def _listed(offers: list[Offer]) -> str:
    return "\n".join(
        ["| name | what it is |", "|---|---|", *(f"| `{each.name}` | {each.summary} |" for each in offers)]
    )


def _section(offer: Offer) -> str:
    made = load(offer)
    options = TypeAdapter(made).json_schema(schema_generator=WithPlugins)
    return f"### `{offer.name}`\n\n{inspect.getdoc(made)}\n\n{table(made, options)}"
