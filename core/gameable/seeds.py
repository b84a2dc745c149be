"""One profile from several seeds: one run after another, each an ordinary run folder inside a common one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gameable import runs
from gameable.assembly import plugins_of
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.profile_reading import validated
from gameable.progress import Progress
from gameable.runfolder import SEEDS, claim, whole


def start(
    profile: Profile, plugins: Plugins, folder: Path, progress: Progress, cluster: str | None = None
) -> Iterator[Path]:
    """Run a profile into a new folder, and yield the folder of each run that has ended; with one seed, `folder` itself.

    Raises:
        GameableError: the profile, a plugin, the model or the folder is not as it must be.
    """
    if profile.seeds == 1:
        runs.start(profile, plugins, folder, progress, cluster)
        yield folder
        return
    runs.ready(profile, plugins, folder)
    claim(folder)
    with whole(folder / SEEDS) as draft:
        draft.write_text(json.dumps(profile.model_dump(mode="json"), indent=2), encoding="utf-8")
    yield from _all(profile, plugins, folder, progress, cluster)


def resume(folder: Path, progress: Progress, cluster: str | None = None) -> Iterator[Path]:
    """Go on where it was stopped, with one run or with the runs of several seeds; yield as `start` does.

    Raises:
        GameableError: the folder holds no run, another process works on it, or its plugins are gone.
    """
    if not (folder / SEEDS).is_file():
        runs.resume(folder, progress, cluster)
        yield folder
        return
    profile = validated(json.loads((folder / SEEDS).read_text(encoding="utf-8")), str(folder / SEEDS))
    yield from _all(profile, plugins_of(profile), folder, progress, cluster)


def _all(profile: Profile, plugins: Plugins, folder: Path, progress: Progress, cluster: str | None) -> Iterator[Path]:
    for seed in range(profile.seed, profile.seed + profile.seeds):
        own = folder / f"seed-{seed}"
        runs.go_on(profile.model_copy(update={"seed": seed, "seeds": 1}), plugins, own, progress, cluster)
        yield own
