"""Finds plugins and makes what they offer.

A plugin that fails to import, or breaks a hook, is a row with its error and hurts only a run that names it. Blocked
plugins are never imported. Listing imports no heavy library: an offer's factory is loaded when a run builds it.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib.resources import files as resources
from typing import Any, Literal, TypeVar, cast

import pluggy

from gameable import hookspecs
from gameable.contracts import Environment, Mitigation, Monitor, Optimizer, Policy, RewardSource, Sandbox
from gameable.discovery import GROUP, Candidate, Origin, PluginFile, candidates
from gameable.errors import PluginError
from gameable.factories import AnyContract, load, make
from gameable.hook_checks import HOOKS, check_hooks, offers_of
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

AnyOffer = TypeVar("AnyOffer", bound=Offer)


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

    def __init__(self, block: Iterable[str] = (), files: Iterable[PluginFile] = ()) -> None:
        """Look for plugins.

        Args:
            block: Names of entry points or distributions that must not be imported.
            files: Plugins that are single files.
        """
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._found: list[_Found] = []
        self._failed: list[tuple[Origin, Literal["failed", "blocked"], str]] = []
        blocked = list(block)
        for candidate in candidates(files):
            self._add(candidate, blocked)

    def _add(self, candidate: Candidate, blocked: Sequence[str]) -> None:
        origin = candidate.origin
        if any(map(origin.is_called, blocked)):
            self._failed.append((origin, "blocked", "blocked before it was imported"))
            return
        try:
            with redirect_stdout(sys.stderr):  # what a plugin prints must not spoil our JSON
                self.register(_imported(candidate), origin)
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it raises hurts only those who name it
            told = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
            self._failed.append((origin, "failed", f"{told.rstrip('.')}. {_remedy(origin)}"))

    def register(self, plugin: object, origin: Origin) -> None:
        """Add one plugin: a module or object with hook implementations.

        Raises:
            PluginError: a hook has a wrong name, signature or return value; nothing of the plugin stays registered.
        """
        check_hooks(plugin, self._manager)
        self._manager.register(plugin)
        try:
            self._manager.check_pending()
            offers = [_Found(offer, origin) for hook in HOOKS for offer in self._call(plugin, hook)]
        except BaseException:
            self._manager.unregister(plugin)
            raise
        self._found.extend(offers)

    def _call(self, plugin: object, hook: str) -> list[Offer]:
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        return [
            offer
            for implementation in implementations
            if implementation.plugin is plugin
            for offer in offers_of(hook, implementation.function())
        ]

    def check_loaded(self, names: Iterable[str]) -> None:
        """See that these plugins, named by entry point, distribution or file, are usable.

        Raises:
            PluginError: one did not load, with why.
        """
        wanted = list(names)
        for origin, status, error in self._failed:
            if any(map(origin.is_called, wanted)):
                raise PluginError(f"the plugin {origin} is needed and was not loaded ({status}): {error}")

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
        rivals = self._named(type(found.offer), found.offer.name)
        origin = found.origin
        if len(rivals) > 1:
            return origin.distribution, origin.version, "conflict", _conflict(rivals)
        return origin.distribution, origin.version, "ok", ""

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
            raise PluginError(f"{kind.kind} '{name}' is {_conflict(found)}")
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

    def monitor(self, name: str, options: Mapping[str, Any]) -> Monitor:
        """Make a monitor, and the plugins that its options name."""
        return self._build(MonitorOffer, Monitor, name, options)

    def optimizer(self, name: str, options: Mapping[str, Any]) -> Optimizer:
        """Make an optimizer."""
        return self._build(OptimizerOffer, Optimizer, name, options)

    def mitigation(self, name: str, options: Mapping[str, Any]) -> Mitigation:
        """Make a mitigation."""
        return self._build(MitigationOffer, Mitigation, name, options)

    def sandbox(self, name: str, options: Mapping[str, Any]) -> Sandbox:
        """Make a sandbox; nothing is started yet."""
        return self._build(SandboxOffer, Sandbox, name, options)

    def report(self, name: str) -> Callable[..., Any]:
        """Load a report function."""
        return cast("Callable[..., Any]", load(self.find(ReportOffer, name)))

    def export(self, name: str) -> Callable[..., Any]:
        """Load a function that writes a run in a file format."""
        return cast("Callable[..., Any]", load(self.find(ExportOffer, name)))

    def viewer(self, name: str) -> Callable[..., Any]:
        """Load a function that makes a viewer."""
        return cast("Callable[..., Any]", load(self.find(ViewerOffer, name)))

    def profile_text(self, name: str) -> str:
        """Return the YAML text of an offered profile."""
        package, _, path = self.find(ProfileOffer, name).factory.partition(":")
        return resources(package).joinpath(path).read_text(encoding="utf-8")

    def _build(
        self, kind: type[Offer], contract: type[AnyContract], name: str, options: Mapping[str, Any]
    ) -> AnyContract:
        return make(self.find(kind, name), contract, options, self)


def _imported(candidate: Candidate) -> object:
    """Import a plugin, unless it can be told beforehand that it will not do."""
    if candidate.outdated:
        raise PluginError(candidate.outdated)
    try:
        return candidate.load()
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"{candidate.target} cannot be imported: {type(error).__name__}: {error}") from error


def _remedy(origin: Origin) -> str:
    if origin.distribution.endswith(".py"):
        return f"Mend {origin.distribution}."
    return (
        f"Mend it, uninstall it (pip uninstall {origin.distribution}) or block it "
        f"(plugins: {{block: [{origin.entry_point}]}})."
    )


def _conflict(rivals: Sequence[_Found]) -> str:
    offered = " and ".join(str(each.origin) for each in rivals)
    points = ", ".join(each.origin.entry_point for each in rivals)
    return (
        f"offered by {offered}. Uninstall one, or block one in the profile: "
        f"`plugins: {{block: [...]}}` with one of: {points}."
    )


def rows_as_json(rows: Iterable[PluginRow]) -> list[dict[str, str]]:
    """Rows as plain dictionaries."""
    return [asdict(row) for row in rows]
