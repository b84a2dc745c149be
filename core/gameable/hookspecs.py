"""Every hook that a plugin can implement.

Each hook runs once, when gameable looks for plugins, and returns offers: small records that name the code without
importing it. A distribution registers a module of hook implementations under the entry-point group `gameable`, and asks
for the hooks that it implements by the version of gameable that it depends on.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from gameable.offers import (
    EnvironmentOffer,
    ExportOffer,
    MitigationOffer,
    MonitorOffer,
    OptimizerOffer,
    PolicyOffer,
    ProfileOffer,
    ReportOffer,
    RewardOffer,
    SandboxOffer,
    ViewerOffer,
)

hookspec = pluggy.HookspecMarker("gameable")


@hookspec
def gameable_environments() -> Iterable[EnvironmentOffer]:
    """Offer environments.

    Example::

        @gameable.hookimpl
        def gameable_environments():
            yield gameable.EnvironmentOffer(
                name="broken-thermometer",
                summary="Report the temperature; the thermometer can be edited.",
                factory="my_package.thermometer:BrokenThermometer",
            )

    Returns:
        Zero or more offers; a name used by two distributions is an error that names both.
    """
    raise NotImplementedError


@hookspec
def gameable_policies() -> Iterable[PolicyOffer]:
    """Offer policy backends: ways to sample from a language model and to hand it new weights.

    Example::

        @gameable.hookimpl
        def gameable_policies():
            yield gameable.PolicyOffer(name="mine", summary="My inference server.", factory="my_package.server:Mine")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer reward sources; a profile sums those it names, with weights, into the proxy reward.

    Example::

        @gameable.hookimpl
        def gameable_rewards():
            yield gameable.RewardOffer(name="brevity", summary="Pays for short replies.", factory="my_package:Brevity")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_optimizers() -> Iterable[OptimizerOffer]:
    """Offer optimizers: ways to turn scored episodes into new weights.

    Example::

        @gameable.hookimpl
        def gameable_optimizers():
            yield gameable.OptimizerOffer(name="dpo", summary="Direct preference optimisation.", factory="my_dpo:DPO")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_monitors() -> Iterable[MonitorOffer]:
    """Offer oversight monitors.

    Example::

        @gameable.hookimpl
        def gameable_monitors():
            yield gameable.MonitorOffer(name="grep", summary="Looks for sed on tests.", factory="my_package:Grep")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_mitigations() -> Iterable[MitigationOffer]:
    """Offer mitigations, which train on from a finished run.

    Example::

        @gameable.hookimpl
        def gameable_mitigations():
            yield gameable.MitigationOffer(name="scold", summary="Scolds it.", factory="my_package:Scolding")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_sandboxes() -> Iterable[SandboxOffer]:
    """Offer sandboxes for commands that a model writes.

    Example::

        @gameable.hookimpl
        def gameable_sandboxes():
            yield gameable.SandboxOffer(name="microvm", summary="One VM an episode.", factory="my_package:MicroVM")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_profiles() -> Iterable[ProfileOffer]:
    """Offer ready profiles, so that `gameable run NAME` finds them.

    Example::

        @gameable.hookimpl
        def gameable_profiles():
            yield gameable.ProfileOffer(name="mine", summary="My arm.", factory="my_package:profiles/mine.yaml")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_reports() -> Iterable[ReportOffer]:
    """Offer reports over a finished or running run.

    Example::

        @gameable.hookimpl
        def gameable_reports():
            yield gameable.ReportOffer(name="slides", summary="Five slides.", factory="my_package.slides:write")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_exports() -> Iterable[ExportOffer]:
    """Offer file formats for `gameable export RUN --format NAME`.

    Example::

        @gameable.hookimpl
        def gameable_exports():
            yield gameable.ExportOffer(name="csv", summary="One row an episode.", factory="my_package.csv:write")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError


@hookspec
def gameable_viewers() -> Iterable[ViewerOffer]:
    """Offer pages for `gameable view`.

    Example::

        @gameable.hookimpl
        def gameable_viewers():
            yield gameable.ViewerOffer(name="mine", summary="Runs side by side.", factory="my_package.viewer:make")

    Returns:
        Zero or more offers.
    """
    raise NotImplementedError
