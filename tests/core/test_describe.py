from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gameable.cost import Bounds, Cost, Tokens
from gameable.describe import costs, episodes, minutes, plan
from gameable.profile import Profile
from gameable.sizes import Size
from toys import PROFILE

STEPS = {"1-heat": Bounds(Tokens(1_000, 2_000, 3_000), Tokens(4_000, 5_000, 6_000))}


def cost(parameters: float | None) -> Cost:
    return Cost(STEPS, "guessed", Size(parameters, "by its name") if parameters else None, None)


def profile(**changes: object) -> Profile:
    return Profile.model_validate({**PROFILE, **changes})


def printed(parameters: float | None, cache: Path, **changes: object) -> str:
    console = Console(width=200, file=StringIO())
    plan(profile(**changes), cost(parameters), cache, console)
    costs(cost(parameters), 3.0, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_episodes_are_counted_by_step() -> None:
    evaluation = {**PROFILE["evaluation"], "more": {"thermometer": 3}, "more_samples": {"forbidden-oven": 7}}
    assert episodes(profile(evaluation=evaluation)) == {"start": 3, "1-heat": 20, "evaluation": 2 * (3 * 2 + 4 * 7)}


def test_one_model_and_one_environment_are_not_called_several(tmp_path: Path) -> None:
    evaluation = {**PROFILE["evaluation"], "models": ["start"], "environments": ["thermometer"]}
    assert "2 models on 2 environments" in printed(None, tmp_path)
    assert "1 model on 1 environment " in printed(None, tmp_path, evaluation=evaluation)


def test_minutes_are_guessed_for_small_models_alone(tmp_path: Path) -> None:
    guessed = minutes(profile(seeds=2), cost(135e6), tmp_path)
    assert guessed is not None
    assert guessed[0] == pytest.approx(2 * 55 * 0.8 / 60)
    assert guessed[1] == "a guess for two CPU cores"
    assert minutes(profile(), cost(4e9), tmp_path) is None


def test_the_plan_of_a_large_model_is_in_gpu_hours(tmp_path: Path) -> None:
    shown = printed(4e9, tmp_path)
    assert "55 episodes, " in shown
    assert "minutes" not in shown
    assert "2k (5k)" in shown
    assert "Policy: 4B parameters, by its name." in shown
    assert "Assumed, not measured" in shown


def test_dollars_are_hours_at_a_price(tmp_path: Path) -> None:
    hours = cost(4e9).gpu_hours
    assert hours is not None
    low, high = hours
    assert cost(4e9).dollars(3.0) == (low * 3.0, high * 3.0)
    assert f"{low * 3:.3g} to {high * 3:.3g} dollars at 3.00 an hour" in printed(4e9, tmp_path)
    assert cost(None).dollars(3.0) is None
    assert "dollars" not in printed(None, tmp_path)


def test_hours_that_nobody_knows_are_no_number(tmp_path: Path) -> None:
    assert "GPU-hours unknown" in printed(None, tmp_path)
