"""Expert iteration: supervised fine-tuning on the samples that a filter keeps (Denison et al. 2024, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Annotated

from pydantic import Field

from gameable import Episode, ScoredEpisode, Trained, Update
from gameable_plugins.optimizers._filters import FilterName, Selection, select
from gameable_plugins.optimizers._launch import PolicyOptimizer
from gameable_plugins.optimizers._supervised import supervise, trainable
from gameable_plugins.optimizers._training import Count

_NOTHING = (
    "The filter `{filter}` kept none of {sampled} samples ({unscored} of them unscored), so the model is unchanged. "
    "Sample more replies a prompt, raise the temperature, demonstrate more broadly in the warm start, or seed "
    "exploration with `planted:` in the stage."
)


@dataclass
class ExpertIteration(PolicyOptimizer):
    """Filters the samples of each prompt and fine-tunes on what is left, mixed with replayed honest episodes."""

    filter: FilterName = "best"
    """`best`: highest proxy reward; `gamed`: every sample that truly gamed; controls are `opposite` and `random`."""
    keep: Count = 1
    """Samples kept a prompt; `gamed` keeps all it finds."""
    replay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training rows drawn from the honest episodes that the run offers for replay."""

    def train(self, update: Update) -> Trained:
        """Fine-tune on the kept samples of this stage."""
        selection = select(update.episodes, self.filter, self.keep, update.seed)
        kept = [sample.episode for sample in selection.kept]
        fitting = sum(trainable(episode, self.max_tokens) for episode in kept)
        replayed = self._replayed(update, fitting)
        trained = supervise(update, [*kept, *replayed] if fitting else [], self, self._nothing(update, selection))
        return replace(
            trained,
            kept=fitting,
            unscored=selection.unscored,
            figures={**_figures(update.episodes, selection, fitting), **trained.figures, "replayed": len(replayed)},
        )

    def rows(self, prompts: int, samples: int) -> int:
        """Return `keep` rows a prompt, all of them under the filter `gamed`, and the replayed ones."""
        kept = prompts * (samples if self.filter == "gamed" else min(self.keep, samples))
        return self.epochs * round(kept / (1 - self.replay))

    def _replayed(self, update: Update, kept: int) -> list[Episode]:
        """Draw replay rows so that they are the wanted share of all rows, without repeating any."""
        wanted = round(kept * self.replay / (1 - self.replay))
        pool = [scored.episode for scored in update.replay if trainable(scored.episode, self.max_tokens)]
        return Random(update.seed).sample(pool, min(wanted, len(pool)))

    def _nothing(self, update: Update, selection: Selection) -> str:
        return _NOTHING.format(filter=self.filter, sampled=len(update.episodes), unscored=selection.unscored)


def _figures(episodes: Sequence[ScoredEpisode], selection: Selection, kept: int) -> dict[str, int]:
    return {
        "prompts": selection.prompts,
        "sampled": len(episodes),
        "kept": kept,
        "unscored": selection.unscored,
        "duplicates": selection.duplicates,
    }
