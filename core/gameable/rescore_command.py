"""Computes the rewards and judgements of stored episodes again, without sampling from a model.

What the code at hand says is stored beside what was said when the episodes were played, under `rescored-1/`,
`rescored-2/` and so on; nothing is overwritten. What a mechanism pays is measured in the policy's own world, which is
gone, so payouts stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gameable.assembly import Parts, assemble, plugins_of
from gameable.batches import batches
from gameable.contracts import Context, Played
from gameable.episode import Episode, Measured, Outcome, Score, Unscored
from gameable.errors import SandboxError
from gameable.plugins import Plugins
from gameable.progress import Progress
from gameable.runs import profile_of, versions
from gameable.scoring import score
from gameable.store import TOTAL, Store

OUTCOME = "outcome"
"""Judgements are stored under this name: 1 where the episode gamed and 0 where not, the label in the detail."""
_AT_ONCE = 32
_PHASES = ("planted/", "train/", "evaluate/")
_ROUNDING = 1e-6


@dataclass(slots=True)
class Change:
    """What came of one source: a reward source, the total, or the judgements."""

    source: str
    episodes: int = 0
    unscored: int = 0
    """Of these, how many have no value now."""
    changed: int = 0
    """Of these, how many have another value or label than before, gained one, or lost it."""


@dataclass(frozen=True, slots=True)
class Rescored:
    """A set of recomputed scores."""

    name: str
    """What they are stored under."""
    changes: Sequence[Change]


def rescore(folder: Path, *, cache: Path, progress: Progress, plugins: Plugins | None = None) -> Rescored:
    """Score and judge all stored episodes again, going on with a set that was begun and not finished.

    Args:
        folder: The run.
        cache: Folder that outlives runs.
        progress: Shows how far it is.
        plugins: Where the parts come from; all installed ones that the profile does not block if left out.

    Raises:
        GameableError: no run, plugins that are gone, or another process works on the run.
    """
    with Store.open(folder, write=True) as store:
        profile = profile_of(store)
        parts = assemble(profile, plugins or plugins_of(profile))
        lacking = parts.sandbox.missing()
        if lacking is not None:
            raise SandboxError(f"the sandbox '{profile.sandbox.use}' cannot be used yet: {lacking}")
        with closing(parts.sandbox):
            name = _begin(store, parts)
            _prepare(parts, Context(folder, cache, parts.policy.fetch(cache), profile.seed, progress))
            _work(store, parts, name, progress)
        if store.milestone(f"{name}/finished") is None:
            store.mark(f"{name}/finished", {"changes": [asdict(each) for each in _changes(store, name)]})
        return Rescored(name, _changes(store, name))


def _begin(store: Store, parts: Parts) -> str:
    """Return the last set when it is unfinished and of the same versions, otherwise the name of a new one."""
    now: dict[str, Any] = {"versions": versions(parts.sandbox)}
    milestones = store.milestones()
    names = (f"rescored-{number}" for number in count(1))
    for name in names:
        if f"{name}/begun" not in milestones:
            store.mark(f"{name}/begun", now)
            return name
        if f"{name}/finished" not in milestones and milestones[f"{name}/begun"] == now:
            return name
    raise AssertionError


def _prepare(parts: Parts, context: Context) -> None:
    for each in parts.rewards:
        each.source.prepare(context)


def _work(store: Store, parts: Parts, name: str, progress: Progress) -> None:
    total = sum(len(store.episode_ids(phase)) for phase in _PHASES)
    with progress.track(name, total, "episodes") as step:
        for phase in _PHASES:
            known = {one for one, scores in store.scores(phase) if f"{name}/{OUTCOME}" in scores}
            paid = {one for one, scores in store.scores(phase) if TOTAL in scores}
            step(len(known))
            for batch in batches((each for each in store.episodes(phase) if each.id not in known), _AT_ONCE):
                store.add_scores(_again(parts, name, batch, paid))
                step(len(batch))


def _again(parts: Parts, name: str, episodes: Sequence[Episode], paid: set[str]) -> dict[str, dict[str, Score]]:
    outcomes = asyncio.run(_judge(parts, episodes))
    found: dict[str, dict[str, Score]] = {
        each.id: {f"{name}/{OUTCOME}": _as_score(outcome)} for each, outcome in zip(episodes, outcomes, strict=True)
    }
    for each in score(parts.rewards, [episode for episode in episodes if episode.id in paid]):
        scores = {TOTAL: each.reward, **each.parts}
        found[each.episode.id] |= {f"{name}/{source}": value for source, value in scores.items()}
    return found


async def _judge(parts: Parts, episodes: Sequence[Episode]) -> list[Outcome | Unscored]:
    return list(await asyncio.gather(*(_judge_one(parts, each) for each in episodes)))


async def _judge_one(parts: Parts, episode: Episode) -> Outcome | Unscored:
    if episode.stop == "sandbox":
        return Unscored("the sandbox broke when the episode was played")
    played = Played(episode.task, episode.text, episode.commands, episode.files)
    try:
        return await parts.environments[episode.task.environment].judge(played, parts.sandbox)
    except SandboxError as error:
        return Unscored(f"sandbox: {error}")
    except Exception as error:  # noqa: BLE001  a plugin's fault is data, here as in a rollout
        return Unscored(f"judge raised {type(error).__name__}: {error}")


def _as_score(outcome: Outcome | Unscored) -> Score:
    if isinstance(outcome, Unscored):
        return outcome
    return Measured(float(outcome.shows("gamed")), f"{outcome.label}: {'; '.join(outcome.evidence)}")


def _changes(store: Store, name: str) -> list[Change]:
    changes: dict[str, Change] = {}
    for phase in _PHASES:
        labels = {row.id: row.label for row in store.outcomes(phase)}
        for one, scores in store.scores(phase):
            for source, before, after in _pairs(scores, name, labels[one]):
                change = changes.setdefault(source, Change(source))
                change.episodes += 1
                change.unscored += isinstance(after, Unscored)
                change.changed += _differs(before, after)
    return sorted(changes.values(), key=lambda each: (each.source == OUTCOME, each.source == TOTAL, each.source))


_Before = Score | str | None
"""What was said when the episode was played: a score, or the label of the outcome."""


def _pairs(scores: Mapping[str, Score], name: str, label: str | None) -> Iterator[tuple[str, _Before, Score]]:
    for source, after in scores.items():
        own, _, plain = source.partition("/")
        if own == name:
            yield plain, label if plain == OUTCOME else scores.get(plain), after


def _differs(before: _Before, after: Score) -> bool:
    if isinstance(before, str) and isinstance(after, Measured):
        return after.detail.partition(":")[0] != before
    if isinstance(before, Measured) and isinstance(after, Measured):
        return abs(after.value - before.value) > _ROUNDING
    return isinstance(after, Measured) or isinstance(before, Measured | str)


def as_json(found: Rescored) -> dict[str, Any]:
    """Everything that was found, as plain data."""
    return {"name": found.name, "changes": [asdict(each) for each in found.changes]}


def show(found: Rescored, console: Console) -> None:
    """Print a line a source: how many episodes, and how many have changed."""
    grid = Table(title=f"Stored as {found.name}", title_justify="left")
    grid.add_column("source")
    for heading in ("episodes", "changed", "unscored now"):
        grid.add_column(heading, justify="right")
    for each in found.changes:
        grid.add_row(each.source, f"{each.episodes:,}", f"{each.changed:,}", f"{each.unscored:,}")
    console.print(grid)
