"""Tasks with a known optimum for a model of eight tokens, and playing and learning them until they are solved.

With a cost for leaving the reference, the best policy is known as well (Ziegler et al. 2019, section 2; Korbak et al.
2022, section 3): the reference times exp(reward / cost), made to sum to one. Over eight tokens it can be written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from updates import episode, update_of

from gameable import Optimizer, ScoredEpisode, Segment

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES = 64
TOKENS = 8
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


def twice(model: Any, generator: Any) -> list[ScoredEpisode]:
    """Two tokens, worth the first over seven if they are the same, else nothing."""
    first = sample(model, [[0]] * 4 * SAMPLES, generator)
    second = sample(model, [[0, token] for token in first], generator)
    return [
        reply(wrote(one, two), reward=(one == two) * one / BEST, name=str(at))
        for at, (one, two) in enumerate(zip(first, second, strict=True))
    ]


def settle(make: Callable[..., Optimizer], start: Path, folder: Path, *, seed: int) -> tuple[float, float]:
    """Learn `twice` in long steps, then in short ones; return the start's share of the best, and the last three's."""
    options = {"kl_coef": 0.2, "batch_size": SAMPLES, "micro_batch_size": SAMPLES}
    optimizers = [*[make(**options)] * 6, *[make(**options, learning_rate=5e-4)] * 7]
    models = [model for _, model in rounds_of(optimizers, twice, start, folder, seed=seed)]
    shares = [share_of_the_best(model, start, options["kl_coef"]) for model in (start, *models[-3:])]
    return shares[0], sum(shares[1:]) / 3


def share_of_the_best(model: Path, reference: Path, kl_coef: float) -> float:
    """Expected reward of `twice` less the cost of leaving the reference, as a share of what the best policy has."""
    import torch

    rewards = torch.diag(torch.arange(TOKENS) / BEST)
    said, start = _pairs(model), _pairs(reference)
    best = kl_coef * (start + rewards / kl_coef).logsumexp(dim=(0, 1))
    return float((said.exp() * (rewards - kl_coef * (said - start))).sum() / best)


def _pairs(folder: Path) -> Tensor:
    """Log-probabilities of all pairs of tokens after the prompt, shape (first, second)."""
    import torch

    from gameable_plugins.optimizers._checkpoints import load

    model = load(folder)[0]
    with torch.no_grad():
        first = model(torch.tensor([[0]])).logits[0, -1].log_softmax(dim=-1)
        second = model(torch.tensor([[0, token] for token in range(TOKENS)])).logits[:, -1].log_softmax(dim=-1)
    together: Tensor = first[:, None] + second
    return together


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
    means: list[float] = []
    for mean, _ in rounds_of([optimizer] * rounds, play, start, folder, seed=seed):
        means.append(mean)
        if mean >= enough:
            break
    return means


def rounds_of(
    optimizers: Sequence[Optimizer],
    play: Callable[[Any, Any], list[ScoredEpisode]],
    start: Path,
    folder: Path,
    *,
    seed: int,
) -> Iterator[tuple[float, Path]]:
    """Sample, hand out the mean reward and the model that it is of, update; the first model stays the reference."""
    import torch

    from gameable_plugins.optimizers._checkpoints import load

    generator = torch.Generator().manual_seed(seed)
    model = start
    for number, optimizer in enumerate(optimizers):
        episodes = play(load(model)[0], generator)
        yield sum(float(getattr(scored.reward, "value", 0)) for scored in episodes) / len(episodes), model
        update = update_of(model, folder / str(number), episodes)
        optimizer.update(replace(update, reference=start, seed=seed))
        model = update.destination
