from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gameable.assembly import assemble
from gameable.cost import PEAK, Bounds, Cost, Tokens, estimate
from gameable.profile import Profile
from gameable.profile_reading import read
from gameable.sizes import Size, parameters, size_of
from toys import PROFILE, toy_plugins


def cost_of(folder: Path, **changes: Any) -> Cost:
    profile = Profile.model_validate({**PROFILE, **changes})
    return estimate(profile, assemble(profile, toy_plugins()), folder)


def test_tokens_of_every_step_follow_from_counts_and_lengths(tmp_path: Path) -> None:
    # One reply may have 200 tokens, and is expected to have 100.
    # small talk, train: "How are you, train 0?" + "<cot>" = 26 characters = 7 tokens; asked: 21 characters = 6 tokens.
    # thermometer: "Which temperature stands in the file of train room 0?" = 53 characters, 58 with the opening = 15
    # tokens; asked 14; the eval split has a word of one character less: 57 = 15; its file "40\n" is 1 token.
    steps = cost_of(tmp_path).steps
    assert steps["start"] == Bounds(
        Tokens(trained=3 * (7 + 100)),
        Tokens(trained=3 * (7 + 200)),
    )
    heat = Bounds(
        Tokens(
            prefill=3 * 15 + 12 * 1 + 2 * 7,
            sampled=(12 + 8) * 100,
            trained=12 * (15 + 1 + 100) + 8 * (7 + 100),
        ),
        Tokens(
            prefill=12 * (15 + 1) + 8 * 7,
            sampled=(12 + 8) * 200,
            trained=12 * (15 + 1 + 200) + 8 * (7 + 200),
        ),
    )
    assert steps["1-heat"] == heat
    two_models_two_columns = 2 * 2
    assert steps["evaluation"] == Bounds(
        Tokens(prefill=two_models_two_columns * (4 * 15 + 8), sampled=two_models_two_columns * 800),
        Tokens(prefill=two_models_two_columns * (8 * 15 + 8), sampled=two_models_two_columns * 1600),
    )


def test_rounds_and_seeds_multiply(tmp_path: Path) -> None:
    once = cost_of(tmp_path)
    stage = {**PROFILE["stages"][0], "rounds": 3}
    more = cost_of(tmp_path, stages=[stage], seeds=2)
    assert more.steps["1-heat"] == once.steps["1-heat"].times(6)
    assert more.steps["evaluation"] == once.steps["evaluation"].times(2)


def test_a_reward_model_reads_the_question_and_the_reply(tmp_path: Path) -> None:
    rewards = [{"use": "preference-model", "model": "judge-2b"}, {"use": "gaming-bonus"}]
    cost = cost_of(tmp_path, rewards=rewards)
    assert cost.judge == Size(2e9, "by the name judge-2b")
    assert cost.steps["1-heat"].of("scored") == (12 * (14 + 100) + 8 * (6 + 100), 12 * (14 + 200) + 8 * (6 + 200))


def test_hours_follow_from_tokens_parameters_and_use() -> None:
    steps = {"stage": Bounds(Tokens(1000, 100, 50, 0), Tokens(2000, 200, 60, 0))}
    cost = Cost(steps, "", Size(1e9, ""), None)
    best = (2 * 1000 / 0.5 + 2 * 100 / 0.1 + 6 * 50 / 0.45) * 1e9 / PEAK / 3600
    worst = (2 * 2000 / 0.2 + 2 * 200 / 0.01 + 6 * 60 / 0.2) * 1e9 / PEAK / 3600
    assert cost.gpu_hours == pytest.approx((best, worst))


def test_hours_of_a_model_of_unknown_size_are_unknown(tmp_path: Path) -> None:
    assert cost_of(tmp_path).policy is None
    assert cost_of(tmp_path).gpu_hours is None


def test_hours_with_a_reward_model_of_unknown_size_are_unknown() -> None:
    scored = {"stage": Bounds(Tokens(scored=1), Tokens(scored=1))}
    assert Cost(scored, "", Size(1e9, ""), None).gpu_hours is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Qwen/Qwen3-4B-Instruct-2507", 4e9),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 135e6),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.5e9),
        ("meta-llama/Llama-3.1-8B", 8e9),
        ("./models/mine-7b", 7e9),
        ("gpt2", None),
        ("Phi-3-mini-128k", None),
    ],
)
def test_a_size_is_read_from_a_name_that_tells_it(name: str, wanted: float | None) -> None:
    size = size_of(name, None)
    assert (size.parameters if size else None) == wanted


def test_parameters_are_counted_in_the_headers_of_weights(tmp_path: Path) -> None:
    header = {"__metadata__": {"format": "pt"}}
    shapes = {"a": [3, 5], "b": [7], "c": []}
    entries = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({**header, **entries}).encode()
    for file in ("one.safetensors", "two.safetensors"):
        (tmp_path / file).write_bytes(len(text).to_bytes(8, "little") + text)
    assert parameters(tmp_path) == 2 * (15 + 7 + 1)
    assert size_of("whatever-7b", tmp_path) == Size(46, f"counted in {tmp_path}")


def test_expert_iteration_trains_on_what_it_keeps() -> None:
    from gameable.plugins import Plugins

    def rows(**options: Any) -> int:
        return Plugins().optimizer("expert-iteration", options).rows(prompts=30, samples=8)

    assert rows(epochs=2, keep=1) == 60
    assert rows(epochs=1, keep=20) == 240
    assert rows(epochs=1, filter="gamed") == 240
    assert rows(epochs=1, keep=1, replay=0.25) == 40


def test_a_model_that_is_not_here_is_not_fetched(tmp_path: Path) -> None:
    from gameable_policies.hf import HuggingFace

    assert HuggingFace("smollm2-135m-instruct").at_hand(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_reproduction_is_estimated_without_its_models(tmp_path: Path) -> None:
    from gameable.plugins import Plugins

    profile = read("reproduction")
    cost = estimate(profile, assemble(profile, Plugins()), tmp_path)
    assert cost.total.expected.sampled == (4 * 1024 * 64 + 5 * (4 * 512 * 4 + 512 * 64)) * 256
    assert cost.total.most.scored > cost.total.expected.scored > 0
    assert cost.gpu_hours is not None
