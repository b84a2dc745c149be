"""Tells a person what a run is about to do, and what it did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gameable.cost import KINDS, PEAK, USE, WRITTEN, Cost
from gameable.drawing import Drawn
from gameable.episode import Episode, Outcome
from gameable.profile import START, Profile
from gameable.runfolder import whole
from gameable.store import Store

_GUESS = 0.8
"""Seconds an episode, everything included, where no run has finished yet: two CPU cores and a 135M model."""
_SMALL = 1e9
"""Parameters up to which that guess says anything."""


def episodes(profile: Profile) -> dict[str, int]:
    """How many episodes each step of one run plays: `start`, then the stages, then `evaluation` of all models."""
    counts = {START: sum(profile.start.demonstrations.values())} if profile.start else {}
    for stage in profile.stages:
        counts[stage.name] = stage.rounds * ((stage.prompts + stage.ordinary) * stage.samples + stage.planted)
    wanted = profile.evaluation
    played = [wanted.variants_of(name) * wanted.samples_of(name) for name in wanted.environments]
    counts["evaluation"] = len(profile.measured) * sum(played)
    return counts


def plan(profile: Profile, cost: Cost, cache: Path, console: Console) -> None:
    """Print the stages, their episodes, and an estimate of the time."""
    table = Table(title=f"{profile.name}: {profile.summary}", title_justify="left")
    for column in ("step", "what", "episodes"):
        table.add_column(column, justify="right" if column == "episodes" else "left")
    for step, count in episodes(profile).items():
        table.add_row(step, _what(profile, step), f"{count:,}")
    console.print(table)
    watching = ", ".join(f"{each.label} ({each.mode})" for each in profile.oversight.monitors)
    if watching:
        console.print(f"Monitors: {watching}; they see {profile.oversight.access} at most.", markup=False)
    total = sum(episodes(profile).values())
    seeds = f", each from {profile.seeds} seeds" if profile.seeds > 1 else ""
    console.print(f"{total:,} episodes{seeds}, {_duration(profile, cost, cache)}.")


def _duration(profile: Profile, cost: Cost, cache: Path) -> str:
    found = minutes(profile, cost, cache)
    if found is not None:
        return f"about {found[0]:.0f} minutes ({found[1]})"
    return _hours(cost)


def minutes(profile: Profile, cost: Cost, cache: Path) -> tuple[float, str] | None:
    """How long a run takes on this machine and how that is known; None for large models that never ran here."""
    known = _speeds(cache).get(_key(profile))
    if known is None and cost.policy is not None and cost.policy.parameters > _SMALL:
        return None
    source = "at the speed of the last run here" if known else "a guess for two CPU cores"
    return profile.seeds * sum(episodes(profile).values()) * (known or _GUESS) / 60, source


def costs(cost: Cost, price: float, console: Console) -> None:
    """Print tokens by step and kind, GPU-hours with what they rest on, and dollars at `price` for one of them."""
    table = Table(title="tokens, expected (at most)", title_justify="left")
    table.add_column("step", no_wrap=True)
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for step, bounds in {**cost.steps, "all": cost.total}.items():
        table.add_row(step, *(f"{_short(low)} ({_short(high)})" for low, high in map(bounds.of, KINDS)))
    console.print(table)
    console.print(f"Lengths: {cost.lengths}. Replies are expected to be {WRITTEN:.0%} of sampling.max_tokens.")
    for what, size in {"Policy": cost.policy, "Reward model": cost.judge}.items():
        if size:
            console.print(f"{what}: {_short(size.parameters)} parameters, {size.source}.", markup=False)
    console.print(f"{_hours(cost)}{_dollars(cost, price)}.")
    ranges = ", ".join(f"{kind} {low:.0%} to {high:.0%}" for kind, (low, high) in USE.items())
    console.print(f"Assumed, not measured: a peak of {PEAK / 1e12:.0f} TFLOP/s (A100, bfloat16), of which {ranges}.")


def as_json(profile: Profile, cost: Cost, price: float, cache: Path) -> dict[str, Any]:
    """Return the plan with its estimates as plain data; what is unknown is null."""
    found = minutes(profile, cost, cache)
    return {
        "profile": profile.name,
        "seeds": profile.seeds,
        "episodes": episodes(profile),
        "minutes": {"value": found[0], "source": found[1]} if found else None,
        "gpu_hours": cost.gpu_hours,
        "dollars": {"value": cost.dollars(price), "per_gpu_hour": price},
        **{key: value for key, value in asdict(cost).items() if key != "steps"},
        "tokens": {step: asdict(bounds) for step, bounds in {**cost.steps, "all": cost.total}.items()},
    }


def _hours(cost: Cost) -> str:
    if cost.gpu_hours is None:
        return (
            "GPU-hours unknown: the name of a model says nothing of its size (such as 135M or 7B), and it is not here"
        )
    low, high = cost.gpu_hours
    return f"{_short(low)} to {_short(high)} GPU-hours"


def _dollars(cost: Cost, price: float) -> str:
    found = cost.dollars(price)
    return f", {_short(found[0])} to {_short(found[1])} dollars at {price:.2f} an hour (--gpu-price)" if found else ""


def _short(number: float) -> str:
    """Write a number in three digits: 0.0165, 135M, 1.72B."""
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def _what(profile: Profile, step: str) -> str:
    if step == START:
        learned = profile.checkpoint is None
        return f"honest demonstrations, {'then supervised fine-tuning' if learned else 'for replay'}"
    if step == "evaluation":
        return f"{_some(profile.measured, 'model')} on {_some(profile.evaluation.environments, 'environment')}"
    stage = next(each for each in profile.stages if each.name == step)
    planted = f", {stage.planted} planted" if stage.planted else ""
    prompts = f"{stage.prompts} gameable + {stage.ordinary} ordinary prompts × {stage.samples} samples{planted}"
    return f"{', '.join(stage.environments)}: {prompts}, {stage.optimizer.use}"


def _some(names: Sequence[str], noun: str) -> str:
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''}"


def _speeds(cache: Path) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads((cache / "speed.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # a file that was cut short is worth no more than none
        return {}
    return found


def _key(profile: Profile) -> str:
    return json.dumps([profile.policy.use, profile.policy.options, profile.prompt], sort_keys=True)


def remember_speed(profile: Profile, store: Store, cache: Path) -> None:
    """Keep how long an episode took, for the next estimate."""
    finished = store.milestone("run/finished") or {}
    seconds = finished.get("seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        speeds = {**_speeds(cache), _key(profile): seconds / sum(episodes(profile).values())}
        with whole(cache / "speed.json") as draft:
            draft.write_text(json.dumps(speeds), encoding="utf-8")


def examples(store: Store, console: Console) -> None:
    """Print two episodes of the last model: the worst label that it shows, and one drawn at random."""
    model = store.manifest["models"][-1]
    anyone, first = Drawn[str](seed=0), dict[str | None, str]()
    for row in store.outcomes(f"evaluate/{model}/"):
        first.setdefault(row.label, row.id)
        anyone.offer(row.id)
    worst = [first[label] for label in ("evaded", "gamed", "attempted", "honest") if label in first]
    for id_ in dict.fromkeys([*worst[:1], *([anyone.one] if anyone.one else [])]):
        console.print(_panel(next(store.episodes(id_))))  # longer ids with this one as prefix sort after it


def estimates(store: Store, console: Console) -> None:
    """Print what environments measure beside the matrix, a line a model."""
    for model in store.manifest["models"]:
        evaluated: Any = store.milestone(f"{model}/evaluated") or {}
        for environment, figures in evaluated.get("estimates", {}).items():
            for each in figures:
                interval = f"{each['value']:+.2f} [{each['low']:+.2f}, {each['high']:+.2f}], n = {each['n']}"
                console.print(f"{model}: {environment}, {each['name']}: {interval}", markup=False, highlight=False)


def _panel(episode: Episode) -> Panel:
    label = episode.outcome.label if isinstance(episode.outcome, Outcome) else "unscored"
    question = episode.task.dialogue[-1].text.strip()
    return Panel(Text(f"{question}\n\n{episode.text}"), title=f"{episode.id}: {label}", title_align="left")
