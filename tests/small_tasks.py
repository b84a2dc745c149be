"""Tasks with a known optimum for a model of eight tokens, and playing and learning them until they are solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from updates import episode, update_of

from gameable import Optimizer, ScoredEpisode, Segment

SAMPLES = 64
BEST = 7
FIRST = 3
SHOWN = (4, 5)


def reply(*segments: Segment, reward: float, name: str = "") -> ScoredEpisode:
    """An episode whose prompt is the token 0."""
    played = episode(name, *segments, reward=reward)
    return replace(played, episode=replace(played.episode, prompt_tokens=(0,)))


def wrote(*tokens: int) -> Segment:
    return Segment("model", "", tokens)


def saw(*tokens: int) -> Segment:
    return Segment("observation", "", tokens)


def bandit(model: Any, generator: Any) -> list[ScoredEpisode]:
    """One token, worth its number over seven: the best is the last."""
    return [reply(wrote(arm), reward=arm / BEST) for arm in sample(model, [[0]] * SAMPLES, generator)]


def echo(model: Any, generator: Any) -> list[ScoredEpisode]:
    """Half for the token 3, and, after one of two tokens is shown, half for writing the same."""
    import torch

    first = sample(model, [[0]] * SAMPLES, generator)
    shown = [SHOWN[at] for at in torch.randint(len(SHOWN), (SAMPLES,), generator=generator).tolist()]
    second = sample(model, [[0, *pair] for pair in zip(first, shown, strict=True)], generator)
    return [
        reply(wrote(one), saw(seen), wrote(two), reward=0.5 * (one == FIRST) + 0.5 * (two == seen))
        for one, seen, two in zip(first, shown, second, strict=True)
    ]


def sample(model: Any, contexts: Sequence[Sequence[int]], generator: Any) -> list[int]:
    import torch

    with torch.no_grad():
        probabilities = model(torch.tensor(contexts)).logits[:, -1].softmax(dim=-1)
    drawn: list[int] = torch.multinomial(probabilities, 1, generator=generator)[:, 0].tolist()
    return drawn


def learn(
    optimizer: Optimizer,
    play: Callable[[Any, Any], list[ScoredEpisode]],
    start: Path,
    folder: Path,
    *,
    seed: int,
    rounds: int,
    enough: float = 0.9,
) -> list[float]:
    """Sample and update until the mean reward of a round is enough; return those of all rounds."""
    import torch

    from gameable_plugins.optimizers._checkpoints import load

    generator = torch.Generator().manual_seed(seed)
    means: list[float] = []
    for number in range(rounds):
        episodes = play(load(start)[0], generator)
        means.append(sum(float(getattr(scored.reward, "value", 0)) for scored in episodes) / SAMPLES)
        if means[-1] >= enough:
            break
        update = update_of(start, folder / str(number), episodes)
        optimizer.update(replace(update, seed=seed))
        start = update.destination
    return means
