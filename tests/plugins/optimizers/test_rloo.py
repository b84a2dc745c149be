"""REINFORCE leave-one-out: groups of samples, and tasks with a known optimum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_tasks import bandit, echo, learn, settle
from updates import episode, train, weights, wrote

from gameable import Unscored
from gameable_plugins.optimizers.rloo import RLOO

EPISODES = tuple(
    episode(f"s{index}", wrote("look"[: 1 + index % 4]), variant=str(index // 3), reward=float(index % 3))
    for index in range(6)
)


def fast(**options: Any) -> RLOO:
    return RLOO(**{"learning_rate": 1e-3, "batch_size": 3, "epochs": 2, "target_kl": None, **options})


def learner(**options: Any) -> RLOO:
    return RLOO(**{"learning_rate": 3e-3, "batch_size": 32, "micro_batch_size": 32, "kl_coef": 0.0, **options})


def test_each_action_is_worth_its_sample_less_the_others_of_its_prompt() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.methods import LeaveOneOut, Scores
    from gameable_plugins.optimizers._rollouts import select

    rollouts = select([EPISODES[0], EPISODES[3], EPISODES[1], EPISODES[4]], 99).rollouts
    scores = [
        Scores(torch.full((len(row.actions),), -1.0), torch.full((len(row.actions),), -1.5), torch.zeros(0))
        for row in rollouts
    ]
    credit = LeaveOneOut(kl_coef=0.1).credit(rollouts, scores)
    # Rewards 0, 0, 1, 1 less 0.05 for each of 1, 4, 2, 1 actions; the first and third share a prompt.
    first, second = -0.05 - 0.9, -0.2 - 0.95
    assert [row.tolist() for row in credit.advantages] == [
        pytest.approx([value] * length) for value, length in ((first, 1), (second, 4), (-first, 2), (-second, 1))
    ]


def test_a_sample_alone_with_its_prompt_is_left_out_and_counted(tiny_model: Path, tmp_path: Path) -> None:
    lonely = [episode("x", wrote("x"), variant="8"), replace(EPISODES[0], reward=Unscored("no"))]
    half = [episode("y", wrote("y"), variant="9"), replace(episode("z", variant="9"), reward=Unscored("no"))]
    clean = train(fast(), tiny_model, tmp_path / "clean", EPISODES)
    mixed = train(fast(), tiny_model, tmp_path / "mixed", [*lonely, *half, *EPISODES])
    assert mixed.curve == clean.curve
    assert (mixed.kept, mixed.unscored, mixed.figures["alone"]) == (6, 2, 2)
    assert "2 alone with their prompt" in mixed.note


def test_when_every_group_is_broken_the_start_is_copied_and_the_note_says_what_to_do(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained = train(fast(), tiny_model, tmp_path / "out", [EPISODES[0], EPISODES[3]])
    assert weights(tmp_path / "out").keys() == weights(tiny_model).keys()
    assert (trained.kept, trained.canary, trained.curve) == (0, None, ())
    assert "2 alone with their prompt" in trained.note
    assert "sample more replies a prompt" in trained.note


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


def test_with_a_cost_for_leaving_the_reference_it_settles_where_that_is_known_to_end(
    eight_tokens: Path, tmp_path: Path
) -> None:
    first, last = settle(learner, eight_tokens, tmp_path, seed=0)
    assert first < 0.2
    assert last > 0.95
