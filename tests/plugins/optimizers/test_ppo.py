"""Proximal policy optimization: its value head, its credit, and tasks with a known optimum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tasks import bandit, echo, learn, settle
from updates import episode, saw, train, wrote

from gameable import ScoredEpisode
from gameable_plugins.optimizers.ppo import PPO

EPISODES = tuple(
    episode(f"s{index}", wrote("look"), saw("\nOUT\n"), wrote("done"[: 1 + index % 4]), reward=float(index % 3))
    for index in range(8)
)


def fast(**options: Any) -> PPO:
    return PPO(**{"learning_rate": 1e-3, "batch_size": 4, "epochs": 2, "target_kl": None, **options})


def learner(**options: Any) -> PPO:
    return PPO(**{"learning_rate": 3e-3, "batch_size": 32, "micro_batch_size": 32, "kl_coef": 0.0, **options})


def state(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "ppo" / "state.safetensors")


def credit(scored: ScoredEpisode, logprobs: list[float], values: list[float]) -> Any:
    import torch

    from gameable_plugins.optimizers._policy_gradient.methods import Critic, LearnedBaseline, Scores
    from gameable_plugins.optimizers._rollouts import rollout_of

    reference = [-1.0] * len(values)
    scores = Scores(*(torch.tensor(each) for each in (logprobs, reference, values)))
    method = LearnedBaseline(Critic(0.5, None, 1e-3, shared=False), kl_coef=0.1, gamma=0.9, lam=0.8)
    return method.credit([rollout_of(scored.episode, 2.0)], [scores])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4)), min_size=1, max_size=4), st.randoms())
def test_credit_is_that_of_the_same_actions_without_observations(turns: list[tuple[int, int]], random: Any) -> None:
    actions = sum(written for written, _ in turns)
    logprobs, values = ([random.uniform(-2, 0) for _ in range(actions)] for _ in range(2))
    spliced = [part for written, seen in turns for part in (wrote("a" * written), saw("o" * seen))]
    found = credit(episode("x", *spliced), logprobs, values)
    plain = credit(episode("x", wrote("a" * actions)), logprobs, values)
    rewards = [-0.1 * (logprob + 1) for logprob in logprobs]
    rewards[-1] += 2.0
    expected: list[float] = []
    advantage = 0.0
    for at in reversed(range(actions)):
        later = values[at + 1] if at + 1 < actions else 0.0
        advantage = rewards[at] + 0.9 * later - values[at] + 0.9 * 0.8 * advantage
        expected.insert(0, advantage + values[at])
    assert found.returns[0].tolist() == plain.returns[0].tolist() == pytest.approx(expected, abs=1e-4)
    assert found.advantages[0].tolist() == plain.advantages[0].tolist()


def test_the_value_head_comes_to_foresee_the_reward(tiny_model: Path, tmp_path: Path) -> None:
    told_by_text = [episode(f"s{at}", wrote("aaaa" if at % 2 else "bbbb"), reward=float(at % 2)) for at in range(8)]
    options = {"epochs": 40, "value_learning_rate": 1e-2, "value_clip": None, "learning_rate": 1e-9, "lam": 1.0}
    curve = train(fast(**options), tiny_model, tmp_path / "out", told_by_text).curve
    # Of four actions the first comes before the text that tells: a sixteenth of the mean square stays.
    assert float(curve[-1]["value_loss"]) < 0.2 * float(curve[0]["value_loss"])


def test_value_head_and_moments_go_on_in_the_next_round(tiny_model: Path, tmp_path: Path) -> None:
    first = train(fast(), tiny_model, tmp_path / "first", EPISODES)
    second = train(fast(), tmp_path / "first", tmp_path / "second", EPISODES)
    assert first.curve[0]["value_mean"] == 0.0
    assert abs(float(second.curve[0]["value_mean"])) > 0.01
    assert state(tmp_path / "first")["optimizer.value.weight.step"].item() == 4
    assert state(tmp_path / "second")["optimizer.value.weight.step"].item() == 8
    assert state(tmp_path / "second")["optimizer.model.model.norm.weight.step"].item() == 8


def test_what_an_earlier_round_did_not_train_begins_anew(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(frozen_layers=1), tiny_model, tmp_path / "first", EPISODES)
    train(fast(), tmp_path / "first", tmp_path / "second", EPISODES)
    steps = {name: tensor.item() for name, tensor in state(tmp_path / "second").items() if name.endswith("step")}
    assert steps["optimizer.model.model.layers.0.mlp.up_proj.weight.step"] == 4
    assert steps["optimizer.model.model.layers.1.mlp.up_proj.weight.step"] == 8


def test_moments_of_adapters_are_not_kept(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(lora_rank=2), tiny_model, tmp_path / "first", EPISODES)
    assert {name.rpartition(".")[0] for name in state(tmp_path / "first")} == {
        "value",
        "optimizer.value.weight",
        "optimizer.value.bias",
    }
    train(fast(lora_rank=2), tmp_path / "first", tmp_path / "second", EPISODES)
    assert state(tmp_path / "second")["optimizer.value.weight.step"].item() == 8


def test_the_sampler_sees_the_weights_and_nothing_of_the_state(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(), tiny_model, tmp_path / "out", EPISODES)
    assert [file.name for file in (tmp_path / "out").glob("*.safetensors")] == ["model.safetensors"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_the_best_arm_of_a_bandit(eight_tokens: Path, tmp_path: Path, seed: int) -> None:
    means = learn(learner(), bandit, eight_tokens, tmp_path, seed=seed, rounds=12)
    assert means[0] < 0.6
    assert means[-1] >= 0.9


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_learns_to_repeat_what_it_was_shown(eight_tokens: Path, tmp_path: Path, seed: int) -> None:
    means = learn(learner(), echo, eight_tokens, tmp_path, seed=seed, rounds=16)
    assert means[0] < 0.3
    assert means[-1] >= 0.9


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_with_a_cost_for_leaving_the_reference_it_settles_where_that_is_known_to_end(
    eight_tokens: Path, tmp_path: Path, seed: int
) -> None:
    first, last = settle(learner, eight_tokens, tmp_path, seed=seed)
    assert first < 0.2
    assert last > 0.95


@pytest.mark.model
def test_the_real_small_model_takes_a_step(small_model: Path, tmp_path: Path) -> None:
    trained = train(fast(frozen_layers=28, epochs=1), small_model, tmp_path / "out", EPISODES)
    assert [row["step"] for row in trained.curve] == [1, 2]
    assert (trained.curve[0]["approx_kl"], trained.curve[0]["clip_fraction"]) == (0.0, 0.0)
    assert trained.canary is not None
    assert trained.canary.before != trained.canary.after
