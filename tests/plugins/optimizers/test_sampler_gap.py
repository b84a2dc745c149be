from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from updates import episode, saw, train, wrote

from gameable import ScoredEpisode
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._rollouts import rollout_of
from gameable_plugins.optimizers._sampler_gap import distances, figures, measure
from gameable_plugins.optimizers.expert_iteration import ExpertIteration
from gameable_plugins.optimizers.grpo import GRPO
from gameable_plugins.optimizers.ppo import PPO
from gameable_plugins.optimizers.rloo import RLOO
from gameable_plugins.optimizers.warm_start import WarmStart

OFF = (0.5, -0.25, 0.0, 0.0)


def likely(model: Any, scored: ScoredEpisode) -> list[float]:
    """Log-probability of every token of an episode under a model, by hand; the first has none."""
    import torch

    played = scored.episode
    tokens = [*played.prompt_tokens, *(token for segment in played.segments for token in segment.tokens)]
    rows = torch.log_softmax(model(torch.tensor([tokens])).logits[0].detach(), -1)
    return [float(row[token]) for row, token in zip(rows, tokens[1:], strict=False)]


def as_sampled(start: Path, scored: ScoredEpisode, *off: float) -> ScoredEpisode:
    """Give the model's segments the start's own log-probabilities, shifted by `off` in turn."""
    likelihoods, shifts = likely(load(start)[0], scored), iter(off * 100)
    at, segments = len(scored.episode.prompt_tokens) - 1, []
    for segment in scored.episode.segments:
        own = likelihoods[at : at + len(segment.tokens)]
        at += len(segment.tokens)
        told = tuple(each + next(shifts) for each in own) if segment.kind == "model" else ()
        segments.append(replace(segment, logprobs=told))
    return replace(scored, episode=replace(scored.episode, segments=tuple(segments)))


def replies(start: Path, *off: float) -> list[ScoredEpisode]:
    """Two prompts with two replies each, of four tokens that the model wrote and two that it saw."""
    texts = [("yes", 1.0), ("not", 0.0)]
    made = [
        episode(f"{text}{variant}", wrote(text), saw("OU"), wrote("!"), variant=variant, reward=reward)
        for variant in "ab"
        for text, reward in texts
    ]
    return [as_sampled(start, each, *off) for each in made]


def test_figures_are_of_the_actions_that_the_sampler_told_of() -> None:
    rollout = replace(rollout_of(episode("abc").episode, 1.0), sampled=(-1.0, None, -3.0))
    assert figures(distances(rollout, [-1.5, -9.0, -3.25])) == {
        "sampler_gap": pytest.approx(0.375),
        "sampler_gap_max": pytest.approx(0.5),
        "sampler_gap_tokens": 2,
    }
    assert figures([]) == {}


def test_a_few_rows_are_scored_however_many_there_are(tiny_model: Path) -> None:
    model, _ = load(tiny_model)
    training = model.training
    rollouts = [rollout_of(each.episode, 1.0) for each in replies(tiny_model, 0.125) * 5]
    found = measure(model, rollouts)
    assert found["sampler_gap"] == pytest.approx(0.125, abs=1e-4)
    assert found["sampler_gap_tokens"] == 4 * 4
    assert model.training is training
    assert measure(model, []) == {}


OPTIMIZERS = [
    ExpertIteration(batch_size=2, epochs=1, filter="best", keep=2),
    GRPO(batch_size=2),
    PPO(batch_size=2, epochs=1),
    RLOO(batch_size=2, epochs=1),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
def test_every_update_says_how_far_the_sampler_was(optimizer: Any, tiny_model: Path, tmp_path: Path) -> None:
    told = train(optimizer, tiny_model, tmp_path / "out", replies(tiny_model, *OFF)).figures
    assert told["sampler_gap"] == pytest.approx(0.75 / 4, abs=0.02)
    assert told["sampler_gap_max"] == pytest.approx(0.5, abs=0.05)
    assert told["sampler_gap_tokens"] == 16


def test_demonstrations_have_no_sampler_and_so_no_gap(tiny_model: Path, tmp_path: Path) -> None:
    assert "sampler_gap" not in train(WarmStart(epochs=1), tiny_model, tmp_path / "out").figures
