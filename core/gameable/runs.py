"""Starts a run and takes it up again.

A run can be told from its folder alone: the manifest holds the resolved profile, versions, commit, and a hash of every
prompt set, and is written before anything is spent.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from gameable.assembly import Parts, assemble, check_sandbox, plugins_of
from gameable.contracts import Environment, Row, Sandbox, TrainableRewardSource
from gameable.curriculum import Curriculum
from gameable.errors import ProfileError, RewardError, StoreError
from gameable.lineage import trained_against
from gameable.logs import log_to
from gameable.offers import EnvironmentOffer
from gameable.plan import Plan
from gameable.plugins import Plugins
from gameable.profile import START, Profile
from gameable.profile_reading import validated
from gameable.progress import Progress
from gameable.runfolder import free_space, lasting
from gameable.store import Store
from gameable.workers import Here, Workers

_RECORDED = ("gameable", "bashkit", "torch", "transformers", "trl", "accelerate", "numpy")


def cache_folder() -> Path:
    """Folder that outlives runs: `$GAMEABLE_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("GAMEABLE_CACHE")
    return Path(chosen) if chosen else user_cache_path("gameable")


def start(profile: Profile, plugins: Plugins, folder: Path, progress: Progress, cluster: str | None = None) -> None:
    """Run a profile into a new folder; what can fail cheaply fails before the folder exists.

    Args:
        profile: What to run.
        plugins: Where its parts come from.
        folder: New or empty.
        progress: Shows what is going on.
        cluster: Address of a Ray cluster that plays the episodes, see `on_ray.cluster.connect`; None plays here.

    Raises:
        GameableError: the profile, a plugin, the model or the folder is not as it must be.
    """
    parts = ready(profile, plugins, folder)
    workers = _workers(profile, parts, folder, progress, cluster)
    with Store.create(folder, manifest(profile, parts, plugins)) as store:
        _run(profile, parts, store, progress, workers)


def ready(profile: Profile, plugins: Plugins, folder: Path) -> Parts:
    """Make the parts of a profile, and see that this machine has what they need and room for what all seeds leave.

    Raises:
        GameableError: the profile, a plugin, the model or the folder is not as it must be.
    """
    parts = assemble(profile, plugins)
    _check_checkpoint(profile)
    check_sandbox(profile, parts.sandbox)
    model = parts.policy.fetch(cache_folder())
    checkpoints = len(profile.stages) + (profile.start is not None and profile.checkpoint is None)
    _check_space(folder, model, profile.seeds * checkpoints)
    return parts


def resume(folder: Path, progress: Progress, cluster: str | None = None) -> None:
    """Go on with a run where it was stopped; with a finished run this does nothing.

    Raises:
        GameableError: the folder is no run, another process works on it, or its plugins are gone.
    """
    with Store.open(folder, write=True) as store:
        profile = profile_of(store)
        parts = assemble(profile, plugins_of(profile))
        if store.milestone("run/finished") is None:
            _check_checkpoint(profile)
        check_sandbox(profile, parts.sandbox)
        for name, then, now in _changed(store.manifest["versions"], parts.sandbox):
            progress.say(f"note: the run was started with {name} {then}, this is {now}; results may differ.")
        _run(profile, parts, store, progress, _workers(profile, parts, folder, progress, cluster))


def profile_of(store: Store) -> Profile:
    """Return what a run was to do.

    Raises:
        StoreError: another gameable wrote the run, whose profiles have keys that this one does not know.
    """
    try:
        return validated(store.manifest.get("profile", {}), f"{store.folder / 'manifest.json'}, profile:")
    except ProfileError as error:
        wrote = store.manifest.get("gameable", "of another version")
        raise StoreError(
            f"{error}\ngameable {wrote} wrote it, and this is {version('gameable')}: type `pip install "
            f"gameable=={wrote}` to go on with {store.folder}."
        ) from error


def go_on(profile: Profile, plugins: Plugins, folder: Path, progress: Progress, cluster: str | None = None) -> None:
    """Resume a run that has begun, and start one that has not.

    Raises:
        GameableError: as `start` and `resume` do.
    """
    if (folder / "manifest.json").is_file():
        resume(folder, progress, cluster)
    else:
        start(profile, plugins, folder, progress, cluster)


def train_reward(name: str, settings: Mapping[str, str], base: Path, out: Path, progress: Progress) -> Row:
    """Train a reward source on its own, into a new folder, and return its quality.

    Raises:
        GameableError: the source cannot be trained, its data or the base model is missing, or the folder is taken.
    """
    source = Plugins().reward(name, settings)
    if not isinstance(source, TrainableRewardSource):
        raise RewardError(f"reward '{name}' is not learned; there is nothing to train.")
    if out.exists() and any(out.iterdir()):
        raise StoreError(f"{out} is not empty. Choose another folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    return source.train(base, out, progress)


def _run(profile: Profile, parts: Parts, store: Store, progress: Progress, workers: Workers) -> None:
    with lasting(store.folder), log_to(store.folder):
        Curriculum(profile, parts, store, cache_folder(), progress, workers).run()


def _workers(profile: Profile, parts: Parts, folder: Path, progress: Progress, cluster: str | None) -> Workers:
    if cluster is None:
        return Here(profile, parts)
    from gameable.on_ray.cluster import connect
    from gameable.on_ray.workers import RayWorkers

    connect(cluster)
    return RayWorkers(profile, parts, folder, progress)


def manifest(profile: Profile, parts: Parts, plugins: Plugins) -> dict[str, Any]:
    """Everything that decides what a run does and where it came from."""
    return {
        "gameable": version("gameable"),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "argv": sys.argv,
        "profile": profile.model_dump(mode="json"),
        "versions": versions(parts.sandbox),
        "commit": _commit(),
        "models": profile.measured,
        "environments": profile.evaluation.environments,
        "held_out": [name for name in profile.evaluation.environments if _held_out(profile, name, plugins)],
        "measures": {name: list(parts.environments[name].measures) for name in profile.evaluation.environments},
        "floor": profile.evaluation.floor,
        "prompts": _prompt_hashes(profile, parts.environments),
        "trained_against": trained_against(_first_weights(profile, parts)),
    }


def _first_weights(profile: Profile, parts: Parts) -> Path:
    if profile.checkpoint is not None:
        return Path(profile.checkpoint)
    return parts.policy.at_hand(cache_folder()) or parts.policy.fetch(cache_folder())


def _held_out(profile: Profile, name: str, plugins: Plugins) -> bool:
    return plugins.find(EnvironmentOffer, profile.reference(name).use).held_out


def versions(sandbox: Sandbox) -> dict[str, str]:
    """Versions of Python, the platform, the libraries that results depend on, and what commands run in."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return {**found, **sandbox.identity()}


def _check_checkpoint(profile: Profile) -> None:
    if profile.checkpoint is not None and not Path(profile.checkpoint).is_dir():
        raise ProfileError(
            f"checkpoint: no weights in {profile.checkpoint}. Name a folder below `checkpoints` of a run; one that was "
            "moved has to be named anew."
        )


def _changed(then: Mapping[str, str], sandbox: Sandbox) -> list[tuple[str, str, str]]:
    now = versions(sandbox)
    return [(name, old, now[name]) for name, old in then.items() if name in now and now[name] != old]


def _commit() -> str | None:
    """Return the commit of the checkout that this code runs from, marked if it was edited; None without one."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        return commit + "+changes" if _git(here, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  fixed words


def _prompt_hashes(profile: Profile, environments: Mapping[str, Environment]) -> dict[str, str]:
    hashes = {name: hashlib.sha256() for name in profile.evaluation.environments}
    for play in Plan(profile, environments).evaluation(START):
        hashes[play.task.environment].update(repr((play.task.dialogue, play.task.opening)).encode())
    return {name: digest.hexdigest() for name, digest in hashes.items()}


def _check_space(folder: Path, model: Path, checkpoints: int) -> None:
    size = sum(file.stat().st_size for file in model.rglob("*") if file.is_file())
    wanted = size * (checkpoints + 1)
    free = free_space(folder)
    if free < wanted:
        raise StoreError(
            f"the run needs about {wanted / 1e9:.1f} GB for {checkpoints} checkpoints; {folder.absolute()} has "
            f"{free / 1e9:.1f} GB free. Free some, or choose another place with --out."
        )
