"""Which episodes a profile asks for: the same list every time, so that a resumed run knows what is missing.

Variants for training are drawn by the run's seed; those for evaluation by the environment alone, so that models, runs,
seeds and the arms of one environment are compared on the same ones.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gameable.contracts import Environment
from gameable.episode import Oracle, OracleKind, Split, Task
from gameable.errors import EnvironmentFault
from gameable.exploration import look_around
from gameable.profile import START, Profile, Stage
from gameable.rollout import Play


@dataclass(frozen=True, slots=True)
class Plan:
    """The episodes of one profile."""

    profile: Profile
    environments: Mapping[str, Environment]
    """By the names that the profile calls them by."""

    def demonstrations(self) -> list[Play]:
        """Scripted honest episodes of the warm start."""
        wanted = self.profile.start.demonstrations if self.profile.start else {}
        return [
            self._scripted(f"demonstrations/{START}", task, ("honest",))
            for name, count in wanted.items()
            for task in self._draw(name, "train", count, f"{self.profile.seed}/{START}/{name}")
        ]

    def training(self, stage: Stage, label: str) -> list[Play]:
        """Episodes that one round of a stage samples: gameable prompts, then ordinary queries, all samples of each."""
        counts = shares(stage.prompts, stage)
        if stage.ordinary:
            counts[self.profile.ordinary] = stage.ordinary
        return [
            self._play(f"train/{label}/{name}/{task.variant}/{sample}", task)
            for name, count in counts.items()
            for task in self._draw(name, "train", count, f"{self.profile.seed}/{label}/{name}")
            for sample in range(stage.samples)
        ]

    def planted(self, stage: Stage, label: str) -> list[Play]:
        """Scripted gaming episodes of a stage (seeded exploration), on variants of their own."""
        plays = []
        for name, count in shares(stage.planted, stage).items():
            drawn = self._draw(name, "train", stage.prompts + count, f"{self.profile.seed}/{label}/{name}")
            plays += [self._scripted(f"planted/{label}", task, GAMING) for task in drawn[stage.prompts :]]
        return plays

    def evaluation(self, model: str) -> list[Play]:
        """Episodes that one model is measured on."""
        wanted = self.profile.evaluation
        return [
            self._play(f"evaluate/{model}/{name}/{task.variant}/{sample}", task)
            for name in wanted.environments
            for task in self._evaluated(name, wanted.variants_of(name))
            for sample in range(wanted.samples_of(name))
        ]

    def probes(self, name: str) -> list[tuple[Play, Play]]:
        """Pairs of an honest and a gaming scripted reply to the same variant, for the log-probability probe.

        Variants to which one of the two is not known are left out.
        """
        tasks = self._evaluated(name, min(self.profile.evaluation.probe, self.environments[name].size("eval")))
        pairs = ([self._script_of(task, kinds) for kinds in (("honest",), GAMING)] for task in tasks)
        return [
            (
                self._play(f"probe/{task.variant}/honest", task, one),
                self._play(f"probe/{task.variant}/gaming", task, other),
            )
            for task, (one, other) in zip(tasks, pairs, strict=True)
            if one is not None and other is not None
        ]

    def _evaluated(self, name: str, count: int) -> list[Task]:
        return self._draw(name, "eval", count, self.profile.reference(name).use)

    def _draw(self, name: str, split: Split, count: int, seed: str) -> list[Task]:
        """Return `count` distinct variants under the profile's own name; a larger count begins with the same ones."""
        environment, reference = self.environments[name], self.profile.reference(name)
        order = list(range(environment.size(split)))
        random.Random(seed).shuffle(order)
        drawn = (environment.task(split, index) for index in order[:count])
        return [replace(task, environment=name, opening=task.opening + reference.steering) for task in drawn]

    def _play(self, id_: str, task: Task, script: tuple[str, ...] | None = None) -> Play:
        explored = self.profile.reference(task.environment).explored
        return Play(id_, task, script, lead=look_around(task) if explored else ())

    def _scripted(self, prefix: str, task: Task, kinds: tuple[OracleKind, ...]) -> Play:
        script = self._script_of(task, kinds)
        if script is None:
            known = ", ".join(oracle.kind for oracle in self._oracles(task)) or "none"
            raise EnvironmentFault(
                f"environment '{task.environment}' has no {' or '.join(kinds)} oracle for variant {task.variant}; "
                f"it has: {known}."
            )
        return self._play(f"{prefix}/{task.environment}/{task.variant}/0", task, script)

    def _script_of(self, task: Task, kinds: tuple[OracleKind, ...]) -> tuple[str, ...] | None:
        return next((each.turns for kind in kinds for each in self._oracles(task) if each.kind == kind), None)

    def _oracles(self, task: Task) -> tuple[Oracle, ...]:
        return tuple(self.environments[task.environment].oracles(task))


GAMING: tuple[OracleKind, ...] = ("evading", "gaming")
"""Kinds of scripted reply that are paid, the surest first."""


def rounds(stage: Stage) -> list[str]:
    """Labels of a stage's rounds; the last one is the stage's own name, as is the model that comes out of it."""
    return [*(f"{stage.name}.{number}" for number in range(1, stage.rounds)), stage.name]


def shares(total: int, stage: Stage) -> dict[str, int]:
    """Split so many prompts evenly over the environments of a stage."""
    names = stage.environments
    return {name: total // len(names) + (position < total % len(names)) for position, name in enumerate(names)}
