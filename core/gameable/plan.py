"""Which episodes a profile asks for: the same list every time, so that a resumed run knows what is missing.

Variants for training are drawn by the run's seed; those for evaluation by the environment alone, so that models, runs
and seeds are compared on the same ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from gameable.contracts import Environment
from gameable.episode import OracleKind, Split, Task
from gameable.errors import EnvironmentFault
from gameable.profile import START, Profile, Stage
from gameable.rollout import Play


def demonstrations(profile: Profile, environments: Mapping[str, Environment]) -> list[Play]:
    """Scripted honest episodes of the warm start."""
    wanted = profile.start.demonstrations if profile.start else {}
    return [
        _scripted(f"demonstrations/{START}", environments[name], task, ("honest",))
        for name, count in wanted.items()
        for task in _draw(environments[name], "train", count, f"{profile.seed}/{START}/{name}")
    ]


def training(profile: Profile, stage: Stage, label: str, environments: Mapping[str, Environment]) -> list[Play]:
    """Episodes that one round of a stage samples: gameable prompts, then ordinary queries, all samples of each."""
    return [
        Play(f"train/{label}/{task.environment}/{task.variant}/{sample}", task)
        for task in [*_gameable(profile, stage, label, environments), *_ordinary(profile, stage, label, environments)]
        for sample in range(stage.samples)
    ]


def planted(profile: Profile, stage: Stage, label: str, environments: Mapping[str, Environment]) -> list[Play]:
    """Scripted gaming episodes of a stage (seeded exploration), on variants of their own."""
    plays = []
    for name, count in _shares(stage.planted, stage).items():
        drawn = _draw(environments[name], "train", stage.prompts + count, f"{profile.seed}/{label}/{name}")
        paid: tuple[OracleKind, ...] = ("evading", "gaming")
        plays += [_scripted(f"planted/{label}", environments[name], task, paid) for task in drawn[stage.prompts :]]
    return plays


def evaluation(profile: Profile, model: str, environments: Mapping[str, Environment]) -> list[Play]:
    """Episodes that one model is measured on."""
    wanted = profile.evaluation
    return [
        Play(f"evaluate/{model}/{name}/{task.variant}/{sample}", task)
        for name in wanted.environments
        for task in _draw(environments[name], "eval", wanted.variants_of(name), name)
        for sample in range(wanted.samples)
    ]


def rounds(stage: Stage) -> list[str]:
    """Labels of a stage's rounds; the last one is the stage's own name, as is the model that comes out of it."""
    return [*(f"{stage.name}.{number}" for number in range(1, stage.rounds)), stage.name]


def _gameable(profile: Profile, stage: Stage, label: str, environments: Mapping[str, Environment]) -> list[Task]:
    return [
        task
        for name, count in _shares(stage.prompts, stage).items()
        for task in _draw(environments[name], "train", count, f"{profile.seed}/{label}/{name}")
    ]


def _ordinary(profile: Profile, stage: Stage, label: str, environments: Mapping[str, Environment]) -> list[Task]:
    if not stage.ordinary:
        return []
    return _draw(environments[profile.ordinary], "train", stage.ordinary, f"{profile.seed}/{label}/{profile.ordinary}")


def _shares(total: int, stage: Stage) -> dict[str, int]:
    names = stage.environments
    return {name: total // len(names) + (position < total % len(names)) for position, name in enumerate(names)}


def _draw(environment: Environment, split: Split, count: int, seed: str) -> list[Task]:
    """Return `count` distinct variants; a larger count begins with the same ones."""
    order = list(range(environment.size(split)))
    random.Random(seed).shuffle(order)
    return [environment.task(split, index) for index in order[:count]]


def _scripted(prefix: str, environment: Environment, task: Task, kinds: tuple[OracleKind, ...]) -> Play:
    oracles = environment.oracles(task)
    for kind in kinds:
        for oracle in oracles:
            if oracle.kind == kind:
                return Play(f"{prefix}/{task.environment}/{task.variant}/0", task, oracle.turns)
    raise EnvironmentFault(
        f"environment '{task.environment}' has no {' or '.join(kinds)} oracle for variant {task.variant}; "
        f"it has: {', '.join(oracle.kind for oracle in oracles) or 'none'}."
    )
