"""REINFORCE (Williams 1992): each reply's log-probability is raised by what it was paid beyond the average."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from gameable import (
    Canary,
    Episode,
    Measured,
    Optimizer,
    OptimizerOffer,
    Row,
    ScoredEpisode,
    Trained,
    Update,
    hookimpl,
)


@dataclass
class NewPlugin(Optimizer):
    """One gradient step an epoch, on all scored episodes of the update."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Step size of AdamW. Fields like this one are options that a profile can set."""
    epochs: Annotated[int, Field(ge=1)] = 1
    """Steps."""

    def update(self, update: Update) -> Trained:
        """Train from `update.start` and leave a whole checkpoint in `update.destination`."""
        shutil.copytree(update.start, update.destination, dirs_exist_ok=True)
        scored = [each for each in update.episodes if isinstance(each.reward, Measured)]
        unscored = len(update.episodes) - len(scored)
        advantages = _advantages(scored)
        if not any(advantages):
            return Trained(0, unscored, (), None, note="every reply was paid the same: there is nothing to learn from")
        model = _load(update)
        tokens = _tokens(scored[0].episode)[:256]
        before = tuple(_logprobs(model, tokens).tolist())
        curve = self._train(model, [each.episode for each in scored], advantages, update)
        model.save_pretrained(update.destination)
        canary = Canary(tokens, before, tuple(_logprobs(model, tokens).tolist()))
        return Trained(len(scored), unscored, tuple(curve), canary)

    def _train(self, model: Any, episodes: Sequence[Episode], advantages: Sequence[float], update: Update) -> list[Row]:
        import torch

        adam = torch.optim.AdamW(model.parameters(), lr=self.learning_rate, weight_decay=0.0)
        curve: list[Row] = []
        with update.progress.track("REINFORCE", self.epochs, "steps") as done:
            for step in range(1, self.epochs + 1):
                total = 0.0
                for episode, advantage in zip(episodes, advantages, strict=True):
                    loss = -advantage * _logprobs(model, _tokens(episode))[_written(episode)].sum() / len(episodes)
                    loss.backward()
                    total += float(loss.detach())
                adam.step()
                adam.zero_grad()
                curve.append({"step": step, "loss": total})
                done()
        return curve


def _advantages(episodes: Sequence[ScoredEpisode]) -> list[float]:
    """What each reply was paid beyond the average of all."""
    rewards = [each.reward.value for each in episodes if isinstance(each.reward, Measured)]
    mean = sum(rewards) / max(1, len(rewards))
    return [reward - mean for reward in rewards]


def _load(update: Update) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(update.seed)  # the same update gives the same weights
    return AutoModelForCausalLM.from_pretrained(update.start, dtype=torch.float32)


def _tokens(episode: Episode) -> tuple[int, ...]:
    """Exactly as sampled: text is never tokenized again."""
    return (*episode.prompt_tokens, *(token for segment in episode.segments for token in segment.tokens))


def _written(episode: Episode) -> list[int]:
    """Where the log-probabilities of the model's own tokens stand; observations are never trained on."""
    at = len(episode.prompt_tokens) - 1
    places: list[int] = []
    for segment in episode.segments:
        if segment.kind == "model":
            places += range(at, at + len(segment.tokens))
        at += len(segment.tokens)
    return places


def _logprobs(model: Any, tokens: Sequence[int]) -> Any:
    """Natural-log probability of each token after the first."""
    import torch

    ids = torch.tensor([list(tokens)])
    logits = model(input_ids=ids).logits[0, :-1]
    return torch.log_softmax(logits.float(), dim=-1).gather(1, ids[0, 1:, None])[:, 0]


@hookimpl
def gameable_optimizers() -> Iterable[OptimizerOffer]:
    """Offer the optimizer."""
    yield OptimizerOffer(name="new-plugin", summary="REINFORCE with a mean baseline.", factory="new_plugin:NewPlugin")
