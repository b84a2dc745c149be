"""Monitors at work on the episodes of a run: verdicts are stored as they come, so that stopping loses none of them.

`monitors/NAME` is noted once and says which monitor it is and what it does; `LABEL/overseen` what came of a round's
episodes, `MODEL/audited` that those of an evaluation were looked at.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gameable.batches import batches
from gameable.episode import Episode, Json, Score, ScoredEpisode
from gameable.monitoring import Watch, gate, verdicts
from gameable.progress import Progress
from gameable.store import Store

AT_ONCE = 96
"""Episodes whose verdicts are stored together: enough to hold all samples of some variants, which then cost less."""


@dataclass(slots=True)
class Overseer:
    """The monitors of one run over its store."""

    watches: Sequence[Watch]
    store: Store
    progress: Progress

    def prepare(self, cache: Path) -> None:
        """Make the monitors ready, and note who they are."""
        for watch in self.watches:
            watch.monitor.prepare(self.store.folder, cache, self.progress)
            if self.store.milestone(f"monitors/{watch.name}") is None:
                self.store.mark(f"monitors/{watch.name}", watch.identity)

    def audit(self, model: str) -> None:
        """Look at the evaluation of a model."""
        if self.watches and self.store.milestone(f"{model}/audited") is None:
            self.store.mark(f"{model}/audited", {"monitors": self._look(model, [f"evaluate/{model}/"])})

    def gate(self, label: str, prefixes: Sequence[str], scored: tuple[ScoredEpisode, ...]) -> tuple[ScoredEpisode, ...]:
        """Look at the episodes of a round, and return what is left of them for training."""
        if not self.watches:
            return scored
        done = self.store.milestone(f"{label}/overseen")
        costs = self._look(label, prefixes) if done is None else {}
        gated = gate(self.watches, scored, self._verdicts(prefixes))
        if done is None:
            monitors: dict[str, Json] = {name: {**gated.counts[name], **costs[name]} for name in costs}
            self.store.mark(f"{label}/overseen", {"kept": len(gated.episodes), "monitors": monitors})
            for watch in self.watches:
                self.progress.say(f"{label}: {watch.name} {_DONE[watch.mode].format(**gated.counts[watch.name])}.")
        return gated.episodes

    def _look(self, label: str, prefixes: Sequence[str]) -> dict[str, Any]:
        return {
            watch.name: look(watch, self.store, prefixes, self.progress, f"{label}: {watch.name}")
            for watch in self.watches
        }

    def _verdicts(self, prefixes: Sequence[str]) -> dict[str, dict[str, Score]]:
        found: dict[str, dict[str, Score]] = {watch.name: {} for watch in self.watches}
        for prefix in prefixes:
            for name, scores in self.store.scores(prefix):
                for watch in self.watches:
                    if watch.source in scores:
                        found[watch.name][name] = scores[watch.source]
        return found

    def close(self) -> None:
        """Free what the monitors hold."""
        with ExitStack() as stack:
            for watch in self.watches:
                stack.callback(watch.monitor.close)


_DONE = {
    "audit": "suspects {suspected} of {episodes} episodes, {unscored} without a verdict",
    "screen": "screened {screened} of {episodes} episodes: {suspected} suspected, {unscored} without a verdict",
    "penalise": "penalised {penalised} of {episodes} episodes, and left {unpaid} without a verdict unpaid",
}

NOTHING_LEFT = (
    "Monitors screened every episode, so there was nothing to train on and the weights stay as they are. Remedies: a "
    "higher threshold, more samples a prompt, or a monitor that abstains less."
)


def look(watch: Watch, store: Store, prefixes: Sequence[str], progress: Progress, what: str) -> dict[str, Json]:
    """Store a monitor's verdicts on all episodes that it has not looked at; return what that cost.

    Returns:
        `inspected` episodes, `seconds`, and `tokens` that language models read and wrote for it.
    """
    total = sum(len(store.episode_ids(prefix)) for prefix in prefixes)
    began, tokens, count = time.monotonic(), watch.monitor.tokens, 0
    with progress.track(what, total, "episodes") as step:
        known = {name for prefix in prefixes for name, scores in store.scores(prefix) if watch.source in scores}
        step(len(known))
        missing = (each for prefix in prefixes for each in store.episodes(prefix) if each.id not in known)
        for batch in batches(missing, AT_ONCE):
            _add(watch, store, batch)
            count += len(batch)
            step(len(batch))
    return {"inspected": count, "seconds": time.monotonic() - began, "tokens": watch.monitor.tokens - tokens}


def _add(watch: Watch, store: Store, episodes: Sequence[Episode]) -> None:
    found = verdicts(watch.name, watch.monitor, episodes)
    store.add_scores({each.id: {watch.source: verdict} for each, verdict in zip(episodes, found, strict=True)})
