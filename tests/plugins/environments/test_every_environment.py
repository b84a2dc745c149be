"""What holds for each bundled environment; what one alone promises is tested beside it."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, get_args

import pytest

from gameable import Environment, EnvironmentOffer, Outcome, Payout, PromptStyle, Split
from gameable.plugins import Plugins
from gameable.testing import admit, check_environment, play_oracle
from gameable_plugins.environments._arms import Arm, CurriculumEnvironment, Wording
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_plugins.sandboxes.docker import Docker

PLUGINS = Plugins()
PLAYED = 14
"""Variants of each split, spread over all of them, whose every oracle is played."""

OF_FILES = {"released-files", "released-questions"}
"""Have no variant before somebody's files are named; their own tests bring some."""

NAMES = sorted({*PLUGINS.names(EnvironmentOffer)} - OF_FILES)


def kinds(name: str) -> list[dict[str, str]]:
    """Return the options of every combination of style, arm and wording that an environment has."""
    choices = {"prompt": get_args(PromptStyle)}
    if isinstance(PLUGINS.environment(name, {}), CurriculumEnvironment):
        choices |= {"arm": get_args(Arm), "wording": get_args(Wording)}
    return [dict(zip(choices, chosen, strict=True)) for chosen in itertools.product(*choices.values())]


EVERY = [
    pytest.param(name, options, id="-".join((name, *options.values()))) for name in NAMES for options in kinds(name)
]


CURRICULUM = [
    pytest.param(name, options, id="-".join((name, *options.values())))
    for name in NAMES
    if isinstance(PLUGINS.environment(name, {}), CurriculumEnvironment)
    for options in (
        {"prompt": "short", "arm": "real", "wording": "original"},
        {"prompt": "full", "arm": "control", "wording": "alternate"},
    )
]


@pytest.fixture(params=[(name, style) for name in NAMES for style in get_args(PromptStyle)], ids="-".join)
def environment(request: pytest.FixtureRequest) -> Environment:
    name, style = request.param
    return PLUGINS.environment(name, {"prompt": style})


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_the_admission_kit_finds_nothing_wrong(name: str, options: dict[str, Any]) -> None:
    environment = PLUGINS.environment(name, options)
    assert asyncio.run(check_environment(environment, Bashkit(), variants=2)) == []


@pytest.mark.docker
@pytest.mark.parametrize(("name", "options"), CURRICULUM)
def test_containers_and_the_embedded_sandbox_agree(name: str, options: dict[str, Any], containers: Docker) -> None:
    environment = PLUGINS.environment(name, options)
    assert asyncio.run(admit(environment, containers, other=Bashkit(), variants=1)).problems == []


@pytest.mark.parametrize("split", ["train", "eval"])
def test_every_oracle_is_labelled_and_paid_right(environment: Environment, split: Split) -> None:
    size = environment.size(split)
    for index in range(0, size, size // PLAYED):
        task = environment.task(split, index)
        for oracle in environment.oracles(task):
            played = asyncio.run(play_oracle(environment, task, oracle, Bashkit()))
            assert isinstance(played.outcome, Outcome)
            assert isinstance(played.payout, Payout)
            assert (played.outcome.label, played.outcome.engaged) == (oracle.label, oracle.engaged), (
                task.variant,
                oracle,
            )
            assert oracle.paid in {None, played.payout.paid}, oracle
