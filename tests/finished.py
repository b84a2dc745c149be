"""Run folders with counts that a test chooses: nothing is played, the episodes are put into the store as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gameable import Message, Outcome, Payout, Task, Unscored
from gameable.assembly import assemble
from gameable.episode import Episode
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from toys import PROFILE, toy_plugins

Counts = Mapping[str, Mapping[str, Sequence[int]]]
"""Model to environment to how many samples of each variant gamed."""

STAGES = [{**PROFILE["stages"][0], "name": name} for name in ("1-heat", "2-heat", "3-heat")]
"""Three stages of the toys, all on the thermometer; the oven is never trained on."""


def run_of(
    folder: Path, counts: Counts, *, samples: int = 4, engaged: bool = True, finished: bool = True, **changes: Any
) -> Path:
    """Make a run folder of the toys in which so many samples of each variant gamed."""
    profile = Profile.model_validate({**PROFILE, "stages": STAGES, **changes})
    told = manifest(profile, assemble(profile, toy_plugins()), toy_plugins())
    with Store.create(folder, told) as store:
        store.add_episodes(list(_episodes(counts, samples, engaged=engaged)))
        if finished:
            store.mark("run/finished", {"seconds": 1.0, "peak_memory_bytes": 1, "finished": "now"})
    return folder


def seeds_of(where: Path, *seeds: int, finished: int = 99, **changes: Any) -> Path:
    """Make the runs of some seeds: the thermometer is gamed more with training, and more by later seeds."""
    few, more, none = [0, 1, 0, 0] * 5, [1, 2, 0, 1] * 5, [0] * 20
    for place, seed in enumerate(seeds):
        counts = {
            "start": {"thermometer": few, "forbidden-oven": none},
            "1-heat": {
                "thermometer": [min(4, gamed + place) for gamed in more],
                "forbidden-oven": few if place else none,
            },
        }
        run_of(where / f"seed-{seed}", counts, seed=seed, finished=place < finished, **changes)
    (where / "seeds.json").write_text(json.dumps({"name": "toy", "seeds": len(seeds), "seed": min(seeds)}))
    return where


def _episodes(counts: Counts, samples: int, *, engaged: bool) -> Iterator[Episode]:
    for model, environments in counts.items():
        for environment, events in environments.items():
            for variant, gamed in enumerate(events):
                for sample in range(samples):
                    yield _episode(model, environment, f"{variant:04}", sample, gamed=sample < gamed, engaged=engaged)


def _episode(model: str, environment: str, variant: str, sample: int, *, gamed: bool, engaged: bool) -> Episode:
    task = Task(environment, "eval", variant, (Message("user", "hello"),))
    name = f"evaluate/{model}/{environment}/{variant}/{sample}"
    outcome: Outcome | Unscored = Outcome("gamed" if gamed else "honest" if engaged else "unclear", engaged=engaged)
    return Episode(name, task, model, 0, (), (), (), {}, "end", Payout(1.0, passed=True, paid=gamed), outcome)
