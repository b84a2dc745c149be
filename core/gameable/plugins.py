"""Finds plugins and makes what they offer.

A plugin that fails to import, or breaks a hook, is a row with its error and hurts only a run that names it. Blocked
plugins are never imported. Listing imports no heavy library: an offer's factory is loaded when a run builds it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Any, Literal, TypeVar, cast

import pluggy
from pydantic import TypeAdapter, ValidationError

from gameable import hookspecs
from gameable.contracts import Environment, Optimizer, Policy, RewardSource, Sandbox
from gameable.errors import PluginError
from gameable.offers import (
    EnvironmentOffer,
    ExportOffer,
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

GROUP = "gameable"
_HOOKS: Mapping[str, type[Offer]] = {
    "gameable_environments": EnvironmentOffer,
    "gameable_policies": PolicyOffer,
    "gameable_rewards": RewardOffer,
    "gameable_optimizers": OptimizerOffer,
    "gameable_monitors": MonitorOffer,
    "gameable_sandboxes": SandboxOffer,
    "gameable_profiles": ProfileOffer,
    "gameable_reports": ReportOffer,
    "gameable_exports": ExportOffer,
    "gameable_viewers": ViewerOffer,
}

AnyOffer = TypeVar("AnyOffer", bound=Offer)
AnyContract = TypeVar("AnyContract")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin comes from."""

    distribution: str
    version: str
    entry_point: str

    def __str__(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class PluginRow:
    """One line of `gameable plugins`."""

    kind: str
    name: str
    summary: str
    distribution: str
    version: str
    status: Literal["ok", "failed", "blocked", "conflict"]
    error: str


@dataclass(frozen=True, slots=True)
class _Found:
    offer: Offer
    origin: Origin


class Plugins:
    """Everything that the installed plugins offer."""

    def __init__(self, block: Iterable[str] = ()) -> None:
        """Look for plugins.

        Args:
            block: Names of entry points or distributions that must not be imported.
        """
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._found: list[_Found] = []
        self._failed: list[tuple[Origin, Literal["failed", "blocked"], str]] = []
        blocked = frozenset(block)
        for entry_point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            self._add(entry_point, blocked)

    def _add(self, entry_point: EntryPoint, blocked: frozenset[str]) -> None:
        distribution = entry_point.dist
        name, version = (distribution.name, distribution.version) if distribution else ("unknown", "unknown")
        origin = Origin(name, version, entry_point.name)
        if blocked & {origin.distribution, origin.entry_point}:
            self._failed.append((origin, "blocked", "blocked before it was imported"))
            return
        try:
            self.register(entry_point.load(), origin)
        except Exception as error:  # noqa: BLE001  whatever a plugin raises, it hurts only those who name it
            self._failed.append((origin, "failed", f"{type(error).__name__}: {error}"))

    def register(self, plugin: object, origin: Origin) -> None:
        """Add one plugin: a module or object with hook implementations.

        Raises:
            PluginError: a hook has a wrong name, signature or return value; nothing of the plugin stays registered.
        """
        self._manager.register(plugin)
        try:
            self._manager.check_pending()
            offers = [_Found(offer, origin) for hook in _HOOKS for offer in self._call(plugin, hook)]
        except Exception:
            self._manager.unregister(plugin)
            raise
        self._found.extend(offers)

    def _call(self, plugin: object, hook: str) -> list[Offer]:
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        return [
            _checked(offer, hook)
            for implementation in implementations
            if implementation.plugin is plugin
            for offer in implementation.function()
        ]

    def rows(self) -> list[PluginRow]:
        """List every offer and every plugin that could not be loaded, sorted by kind and name."""
        offered = [
            PluginRow(found.offer.kind, found.offer.name, found.offer.summary, *self._status(found))
            for found in self._found
        ]
        failed = [
            PluginRow("plugin", origin.entry_point, "", origin.distribution, origin.version, status, error)
            for origin, status, error in self._failed
        ]
        return sorted(offered, key=lambda row: (row.kind, row.name, row.distribution)) + failed

    def _status(self, found: _Found) -> tuple[str, str, Literal["ok", "conflict"], str]:
        rivals = [str(other.origin) for other in self._named(type(found.offer), found.offer.name)]
        conflict = len(rivals) > 1
        error = f"offered by {' and '.join(rivals)}" if conflict else ""
        return found.origin.distribution, found.origin.version, "conflict" if conflict else "ok", error

    def _named(self, kind: type[Offer], name: str) -> list[_Found]:
        return [found for found in self._found if type(found.offer) is kind and found.offer.name == name]

    def names(self, kind: type[Offer]) -> list[str]:
        """Names of all offers of a kind, sorted."""
        return sorted({found.offer.name for found in self._found if type(found.offer) is kind})

    def find(self, kind: type[AnyOffer], name: str) -> AnyOffer:
        """Return the one offer of this kind and name.

        Raises:
            PluginError: nobody offers it, or two distributions do.
        """
        found = self._named(kind, name)
        if not found:
            raise PluginError(self._unknown(kind, name))
        if len(found) > 1:
            rivals = " and ".join(str(each.origin) for each in found)
            points = ", ".join(each.origin.entry_point for each in found)
            raise PluginError(
                f"{kind.kind} '{name}' is offered by {rivals}. Uninstall one, or block one in the profile: "
                f"`plugins: {{block: [...]}}` with one of: {points}."
            )
        return cast("AnyOffer", found[0].offer)

    def _unknown(self, kind: type[Offer], name: str) -> str:
        known = self.names(kind)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        failed = "; ".join(f"{origin} ({status}: {error})" for origin, status, error in self._failed)
        trouble = f" These plugins did not load and may offer it: {failed}." if failed else ""
        return f"{kind.kind} '{name}' not found.{hint} Known: {', '.join(known) or 'none'}.{trouble}"

    def environment(self, name: str, options: Mapping[str, Any]) -> Environment:
        """Make an environment."""
        return self._build(EnvironmentOffer, Environment, name, options)

    def policy(self, name: str, options: Mapping[str, Any]) -> Policy:
        """Make a policy; no model is loaded yet."""
        return self._build(PolicyOffer, Policy, name, options)

    def reward(self, name: str, options: Mapping[str, Any]) -> RewardSource:
        """Make a reward source."""
        return self._build(RewardOffer, RewardSource, name, options)

    def optimizer(self, name: str, options: Mapping[str, Any]) -> Optimizer:
        """Make an optimizer."""
        return self._build(OptimizerOffer, Optimizer, name, options)

    def sandbox(self, name: str, options: Mapping[str, Any]) -> Sandbox:
        """Make a sandbox; nothing is started yet."""
        return self._build(SandboxOffer, Sandbox, name, options)

    def report(self, name: str) -> Callable[..., Any]:
        """Load a report function."""
        return cast("Callable[..., Any]", _load(self.find(ReportOffer, name)))

    def export(self, name: str) -> Callable[..., Any]:
        """Load a function that writes a run in a file format."""
        return cast("Callable[..., Any]", _load(self.find(ExportOffer, name)))

    def viewer(self, name: str) -> Callable[..., Any]:
        """Load a function that makes a viewer."""
        return cast("Callable[..., Any]", _load(self.find(ViewerOffer, name)))

    def profile_text(self, name: str) -> str:
        """Return the YAML text of an offered profile."""
        package, _, path = self.find(ProfileOffer, name).factory.partition(":")
        return files(package).joinpath(path).read_text(encoding="utf-8")

    def _build(
        self, kind: type[Offer], contract: type[AnyContract], name: str, options: Mapping[str, Any]
    ) -> AnyContract:
        offer = self.find(kind, name)
        made = _load(offer)
        if not (isinstance(made, type) and issubclass(made, contract)):
            raise PluginError(f"{offer.factory}, offered as {kind.kind} '{name}', is no {contract.__name__} class.")
        try:
            return cast("AnyContract", TypeAdapter(made).validate_python(dict(options)))
        except ValidationError as error:
            raise PluginError(_explain(offer, made, error)) from error


def _checked(offer: object, hook: str) -> Offer:
    wanted = _HOOKS[hook]
    if not isinstance(offer, wanted):
        raise PluginError(f"{hook} must yield {wanted.__name__}, not {type(offer).__name__}: {offer!r}")
    return offer


def _load(offer: Offer) -> Any:
    module, _, attribute = offer.factory.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise PluginError(
            f"{offer.kind} '{offer.name}' cannot be loaded from {offer.factory}: {type(error).__name__}: {error}"
        ) from error


def _explain(offer: Offer, made: type, error: ValidationError) -> str:
    known: Sequence[str] = [name for name, each in getattr(made, "__dataclass_fields__", {}).items() if each.init]
    problems = "; ".join(_problem(each["loc"], each["msg"], known) for each in error.errors(include_url=False))
    return f"{offer.kind} '{offer.name}': {problems}. Its options: {', '.join(known) or 'none'}."


def _problem(location: Sequence[int | str], message: str, known: Sequence[str]) -> str:
    name = ".".join(map(str, location))
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close and name not in known else ""
    return f"option '{name}': {message}{hint}"


def rows_as_json(rows: Iterable[PluginRow]) -> list[dict[str, str]]:
    """Rows as plain dictionaries."""
    return [asdict(row) for row in rows]
