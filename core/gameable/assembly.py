"""Makes the parts that a profile names.

Everything is constructed, and every option validated, before a run folder exists or anything is spent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gameable.contracts import Environment, Monitor, Optimizer, Policy, Sandbox
from gameable.discovery import candidates, check_required
from gameable.episode import Split
from gameable.errors import ProfileError, SandboxError
from gameable.monitoring import Watch
from gameable.offers import EnvironmentOffer
from gameable.plugins import Plugins
from gameable.profile import START, Profile, Watcher
from gameable.scoring import WeightedSource
from gameable.views import Access, allows


@dataclass(frozen=True, slots=True)
class Parts:
    """One instance of everything that a profile names."""

    policy: Policy
    sandbox: Sandbox
    rewards: Sequence[WeightedSource]
    environments: Mapping[str, Environment]
    optimizers: Mapping[str, Optimizer]
    """By name of the stage; the warm start's under `start`."""
    watches: Sequence[Watch] = ()
    """The monitors, in the profile's order."""


def plugins_of(profile: Profile) -> Plugins:
    """Load the plugins that a profile may use; what it requires is looked for before anything is imported.

    Raises:
        PluginError: one that it requires is missing, of another version, or does not load.
    """
    choice = profile.plugins
    required = check_required(choice.require, candidates(choice.files))
    plugins = Plugins(choice.block, choice.files)
    plugins.check_loaded([*required, *(file.path for file in choice.files)])
    return plugins


def assemble(profile: Profile, plugins: Plugins) -> Parts:
    """Make the parts of a profile.

    Raises:
        ProfileError: the profile cannot be run as written.
        PluginError: a plugin is unknown, broken, or refuses its options.
    """
    _check(profile, plugins)
    parts = Parts(
        policy=plugins.policy(profile.policy.use, profile.policy.options),
        sandbox=plugins.sandbox(profile.sandbox.use, profile.sandbox.options),
        rewards=[
            WeightedSource(each.use, plugins.reward(each.use, each.options), each.weight) for each in profile.rewards
        ],
        environments={name: _environment(profile, name, plugins) for name in profile.environment_names},
        optimizers=_optimizers(profile, plugins),
        watches=[_watch(each, profile.oversight.access, plugins) for each in profile.oversight.monitors],
    )
    _check_sizes(profile, parts.environments)
    return parts


def check_sandbox(profile: Profile, sandbox: Sandbox) -> None:
    """Refuse a sandbox that lacks something on this machine.

    Raises:
        SandboxError: with what to type next.
    """
    missing = sandbox.missing()
    if missing is not None:
        raise SandboxError(f"the sandbox '{profile.sandbox.use}' cannot be used yet: {missing}")


def _environment(profile: Profile, name: str, plugins: Plugins) -> Environment:
    reference = profile.reference(name)
    return plugins.environment(reference.use, {"prompt": profile.prompt, **reference.options})


def _optimizers(profile: Profile, plugins: Plugins) -> dict[str, Optimizer]:
    named = {stage.name: stage.optimizer for stage in profile.stages}
    if profile.start:
        named[START] = profile.start.optimizer
    return {name: plugins.optimizer(reference.use, reference.options) for name, reference in named.items()}


def _watch(watcher: Watcher, granted: Access, plugins: Plugins) -> Watch:
    monitor = monitor_within(granted, watcher.use, watcher.options, plugins)
    return Watch(watcher.label, watcher.use, watcher.options, monitor, watcher.mode, watcher.threshold, watcher.penalty)


def monitor_within(granted: Access, name: str, options: Mapping[str, Any], plugins: Plugins) -> Monitor:
    """Make a monitor that sees no more than it may.

    Raises:
        ProfileError: it declares a higher level.
        PluginError: it is unknown, broken, or refuses its options.
    """
    monitor = plugins.monitor(name, options)
    if not allows(granted, monitor.sees):
        raise ProfileError(
            f"monitor '{name}' looks at episodes at the level '{monitor.sees}', and no more than '{granted}' is "
            f"granted. To grant it, write `oversight: {{access: {monitor.sees}}}` in the profile, or "
            f"`--access {monitor.sees}` after `gameable monitor`."
        )
    return monitor


def _check(profile: Profile, plugins: Plugins) -> None:
    """Refuse what can be seen to be wrong without importing any plugin's code.

    Raises:
        ProfileError: a held-out environment is trained on, a demonstration can be gamed, or a column cannot.
        PluginError: an environment is unknown.
    """
    offers = {name: plugins.find(EnvironmentOffer, profile.reference(name).use) for name in profile.environment_names}
    for stage in profile.stages:
        for name in stage.environments:
            if offers[name].held_out:
                raise ProfileError(f"stage '{stage.name}' trains on '{name}', which is held out: evaluate it only.")
    _all(profile.start.demonstrations if profile.start else {}, offers, gameable=False, what="start.demonstrations")
    _all(profile.evaluation.environments, offers, gameable=True, what="evaluation.environments")
    _known(profile.evaluation.more, profile.evaluation.environments, "evaluation.more", "evaluation.environments")
    more = profile.evaluation.more_samples
    _known(more, profile.evaluation.environments, "evaluation.more_samples", "evaluation.environments")
    _known(profile.environments, profile.environment_names, "environments", "any stage, the start or the evaluation")


def _known(names: Iterable[str], wanted: Sequence[str], where: str, there: str) -> None:
    """Refuse settings of what is never played: most likely a slip of the pen."""
    for name in sorted(set(names) - set(wanted)):
        close = difflib.get_close_matches(name, wanted, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"known there: {', '.join(wanted)}."
        raise ProfileError(f"{where} names '{name}', which is not in {there}; {hint}")


def _all(
    names: Sequence[str] | Mapping[str, Any],
    offers: Mapping[str, EnvironmentOffer],
    *,
    gameable: bool,
    what: Literal["start.demonstrations", "evaluation.environments"],
) -> None:
    wrong = [name for name in names if offers[name].gameable is not gameable]
    if wrong:
        can = "cannot" if gameable else "can"
        raise ProfileError(f"{what} names {', '.join(wrong)}, which {can} be gamed.")


def _check_sizes(profile: Profile, environments: Mapping[str, Environment]) -> None:
    evaluation = profile.evaluation
    for name in evaluation.environments:
        _enough(environments[name], name, "eval", evaluation.variants_of(name), "evaluation")
    for stage in profile.stages:
        for name in stage.environments:
            _enough(environments[name], name, "train", stage.prompts + stage.planted, f"stage '{stage.name}'")
        if stage.ordinary:
            _enough(environments[profile.ordinary], profile.ordinary, "train", stage.ordinary, f"stage '{stage.name}'")
    for name, count in (profile.start.demonstrations if profile.start else {}).items():
        _enough(environments[name], name, "train", count, "start.demonstrations")


def _enough(environment: Environment, name: str, split: Split, wanted: int, where: str) -> None:
    size = environment.size(split)
    if wanted > size:
        raise ProfileError(f"{where} asks for {wanted} variants of '{name}', which has {size} for {split}ing.")
