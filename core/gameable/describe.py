"""Tells a person what a run is about to do, and what it did."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gameable.episode import Episode, Outcome
from gameable.profile import START, Profile
from gameable.store import Store

_GUESS = 0.8
"""Seconds an episode, everything included, where no run has finished yet: two CPU cores and a 135M model."""


def episodes(profile: Profile) -> dict[str, int]:
    """How many episodes each step plays: `start`, then the stages, then `evaluation` of all models."""
    counts = {START: sum(profile.start.demonstrations.values())} if profile.start else {}
    for stage in profile.stages:
        counts[stage.name] = stage.rounds * ((stage.prompts + stage.ordinary) * stage.samples + stage.planted)
    evaluated = sum(map(profile.evaluation.variants_of, profile.evaluation.environments))
    counts["evaluation"] = len(profile.models) * evaluated * profile.evaluation.samples
    return counts


def plan(profile: Profile, cache: Path, console: Console) -> None:
    """Print the stages, their episodes, and an estimate of the time."""
    table = Table(title=f"{profile.name}: {profile.summary}", title_justify="left")
    for column in ("step", "what", "episodes"):
        table.add_column(column, justify="right" if column == "episodes" else "left")
    for step, count in episodes(profile).items():
        table.add_row(step, _what(profile, step), f"{count:,}")
    console.print(table)
    seconds, source = _seconds_per_episode(profile, cache)
    total = sum(episodes(profile).values())
    console.print(f"{total:,} episodes, about {total * seconds / 60:.0f} minutes ({source}).")


def _what(profile: Profile, step: str) -> str:
    if step == START:
        return "honest demonstrations, then supervised fine-tuning"
    if step == "evaluation":
        return f"{len(profile.models)} models on {len(profile.evaluation.environments)} environments"
    stage = next(each for each in profile.stages if each.name == step)
    planted = f", {stage.planted} planted" if stage.planted else ""
    prompts = f"{stage.prompts} gameable + {stage.ordinary} ordinary prompts × {stage.samples} samples{planted}"
    return f"{', '.join(stage.environments)}: {prompts}, {stage.optimizer.use}"


def _speeds(cache: Path) -> dict[str, float]:
    file = cache / "speed.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _key(profile: Profile) -> str:
    return json.dumps([profile.policy.use, profile.policy.options, profile.prompt], sort_keys=True)


def _seconds_per_episode(profile: Profile, cache: Path) -> tuple[float, str]:
    known = _speeds(cache).get(_key(profile))
    return (known, "at the speed of the last run here") if known else (_GUESS, "a guess for two CPU cores")


def remember_speed(profile: Profile, store: Store, cache: Path) -> None:
    """Keep how long an episode took, for the next estimate."""
    finished = store.milestone("run/finished") or {}
    seconds = finished.get("seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        speeds = {**_speeds(cache), _key(profile): seconds / sum(episodes(profile).values())}
        (cache / "speed.json").write_text(json.dumps(speeds))


def examples(store: Store, console: Console) -> None:
    """Print two episodes of the last model: the worst label that it shows, and one drawn at random."""
    model = store.manifest["models"][-1]
    played = list(store.outcomes(f"evaluate/{model}/"))
    worst = [row.id for label in ("evaded", "gamed", "attempted", "honest") for row in played if row.label == label]
    chosen = dict.fromkeys([*worst[:1], *_one_of([row.id for row in played])])
    for id_ in chosen:
        console.print(_panel(next(store.episodes(id_))))  # longer ids with this one as prefix sort after it


def estimates(store: Store, console: Console) -> None:
    """Print what environments measure beside the matrix, a line a model."""
    for model in store.manifest["models"]:
        evaluated: Any = store.milestone(f"{model}/evaluated") or {}
        for environment, figures in evaluated.get("estimates", {}).items():
            for each in figures:
                interval = f"{each['value']:+.2f} [{each['low']:+.2f}, {each['high']:+.2f}], n = {each['n']}"
                console.print(f"{model}: {environment}, {each['name']}: {interval}", markup=False, highlight=False)


def _one_of(ids: Iterable[str]) -> list[str]:
    every = sorted(ids)
    return [random.Random(0).choice(every)] if every else []


def _panel(episode: Episode) -> Panel:
    label = episode.outcome.label if isinstance(episode.outcome, Outcome) else "unscored"
    question = episode.task.dialogue[-1].text.strip()
    return Panel(Text(f"{question}\n\n{episode.text}"), title=f"{episode.id}: {label}", title_align="left")
