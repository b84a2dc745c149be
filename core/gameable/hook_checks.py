"""Checks a plugin's hooks when it is registered, beyond the names of arguments that pluggy looks at.

A hook must exist, be marked, take nothing, promise what it must return where it promises anything, and keep that: every
offer is of the right class, with fields of the right type.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

import pluggy

from gameable.errors import PluginError
from gameable.offers import (
    EnvironmentOffer,
    ExportOffer,
    MitigationOffer,
    MonitorOffer,
    Offer,
    OptimizerOffer,
    PolicyOffer,
    ProfileOffer,
    ReportOffer,
    RewardOffer,
    SandboxOffer,
    ViewerOffer,
)

HOOKS: Mapping[str, type[Offer]] = MappingProxyType(
    {
        "gameable_environments": EnvironmentOffer,
        "gameable_policies": PolicyOffer,
        "gameable_rewards": RewardOffer,
        "gameable_optimizers": OptimizerOffer,
        "gameable_monitors": MonitorOffer,
        "gameable_mitigations": MitigationOffer,
        "gameable_sandboxes": SandboxOffer,
        "gameable_profiles": ProfileOffer,
        "gameable_reports": ReportOffer,
        "gameable_exports": ExportOffer,
        "gameable_viewers": ViewerOffer,
    }
)
"""Every hook, and the class of what it offers."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FACTORY = re.compile(r"[\w.]+:\S+")


def wanted(hook: str) -> str:
    """Write the signature that an implementation must have."""
    return f"def {hook}() -> Iterable[{HOOKS[hook].__name__}]"


def check_hooks(plugin: object, manager: pluggy.PluginManager) -> None:
    """Refuse a plugin that implements a hook wrongly, or none; nothing of it is called.

    Raises:
        PluginError: with what was wanted.
    """
    marked = dict(_marked(plugin, manager))
    for name in HOOKS:
        if name not in marked and inspect.isroutine(getattr(plugin, name, None)):
            raise PluginError(f"{name} is not marked as a hook. Write @gameable.hookimpl above it.")
    if not marked:
        raise PluginError(f"it implements no hook. Hooks: {', '.join(HOOKS)}.")
    for name, function in marked.items():
        _check_hook(name, function)


def _marked(plugin: object, manager: pluggy.PluginManager) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is not None:
            yield options.get("specname") or name, getattr(plugin, name)


def _check_hook(name: str, function: Callable[..., Any]) -> None:
    if name not in HOOKS:
        close = difflib.get_close_matches(name, HOOKS, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Hooks: {', '.join(HOOKS)}."
        raise PluginError(f"unknown hook '{name}'. {hint}")
    taken = list(inspect.signature(function).parameters)
    if taken:
        raise PluginError(f"{name} takes {', '.join(taken)}, and hooks take nothing. Wanted: {wanted(name)}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(f"{name} is async, and hooks are not. Wanted: {wanted(name)}")
    promised = _promised(function)
    if not _fits(promised, HOOKS[name]):
        shown = promised.__name__ if isinstance(promised, type) and not get_args(promised) else promised
        raise PluginError(f"{name} is annotated to return {shown}. Wanted: {wanted(name)}")


def _promised(function: Callable[..., Any]) -> Any:
    """Return the annotation of what is returned; Any where there is none, or none that can be resolved."""
    try:
        return get_type_hints(function).get("return", Any)
    except Exception:  # noqa: BLE001  names behind TYPE_CHECKING, for example; what is returned is checked anyway
        return Any


def _fits(promised: Any, offer: type[Offer]) -> bool:
    if promised is Any:
        return True
    container = get_origin(promised) or promised
    if not (isinstance(container, type) and issubclass(container, Iterable)) or issubclass(container, str | Mapping):
        return False
    item = next(iter(get_args(promised)), Any)
    return item is Any or not isinstance(item, type) or issubclass(item, offer) or issubclass(offer, item)


def offers_of(hook: str, returned: object) -> list[Offer]:
    """Return what a hook offers.

    Raises:
        PluginError: that is nothing to go through, or holds anything but whole offers of the right class.
    """
    if not isinstance(returned, Iterable) or isinstance(returned, str | Mapping):
        raise PluginError(f"{hook} returned {type(returned).__name__}: {returned!r}. Wanted: {wanted(hook)}")
    return [_checked(offer, hook) for offer in returned]


def _checked(offer: object, hook: str) -> Offer:
    kind = HOOKS[hook]
    if not isinstance(offer, kind):
        raise PluginError(f"{hook} must yield {kind.__name__}, not {type(offer).__name__}: {offer!r}")
    types = get_type_hints(kind)
    for field in fields(offer):
        value = getattr(offer, field.name)
        if not isinstance(value, types[field.name]):
            raise PluginError(
                f"{hook}: {field.name} of {kind.__name__} must be {types[field.name].__name__}, "
                f"not {type(value).__name__}: {value!r}"
            )
    _check_text(offer, hook)
    return offer


def _check_text(offer: Offer, hook: str) -> None:
    if not _NAME.fullmatch(offer.name):
        raise PluginError(f"{hook}: the name {offer.name!r} must be lower case, words joined by hyphens.")
    if not _FACTORY.fullmatch(offer.factory):
        raise PluginError(f"{hook}: the factory {offer.factory!r} of '{offer.name}' must be module:attribute.")
