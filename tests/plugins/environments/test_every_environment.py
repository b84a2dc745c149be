"""What holds for each bundled environment; what one alone promises is tested beside it."""

from __future__ import annotations

import asyncio

import pytest

from gameable import Environment, EnvironmentOffer, Outcome, Payout, PromptStyle, Split
from gameable.plugins import Plugins
from gameable.testing import check_environment, play_oracle
from gameable_plugins.sandboxes.bashkit import Bashkit

PLUGINS = Plugins()
PLAYED = 14
"""Variants of each split, spread over all of them, whose every oracle is played."""


@pytest.fixture(params=PLUGINS.names(EnvironmentOffer))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["short", "full"])
def style(request: pytest.FixtureRequest) -> PromptStyle:
    chosen: PromptStyle = request.param
    return chosen


@pytest.fixture
def environment(name: str, style: PromptStyle) -> Environment:
    return PLUGINS.environment(name, {"prompt": style})


def test_the_admission_kit_finds_nothing_wrong(environment: Environment) -> None:
    assert asyncio.run(check_environment(environment, Bashkit())) == []


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
