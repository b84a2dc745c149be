"""Checks of the variants themselves; nothing is played."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator

from gameable.admission.trials import COMPARED, SPLITS, Admission, Problem, draw, variant
from gameable.episode import Split, Task


async def tasks_are_plain(admission: Admission) -> list[Problem]:
    """A task says where it comes from, ends with a user turn, and has absolute paths and facts that JSON can hold."""
    return [
        Problem("tasks_are_plain", variant(task), told)
        for task in admission.every
        for told in _faults(task, admission.name)
    ]


def _faults(task: Task, name: str) -> Iterator[str]:
    if task.environment != name:
        yield f"it says that it belongs to {task.environment!r}, not {name!r}"
    if "/" in task.variant or not task.variant:
        yield f"its name {task.variant!r} cannot be part of an episode's path-like name"
    if not task.dialogue or task.dialogue[-1].role != "user":
        yield "its dialogue does not end with a user turn"
    home = () if task.home is None else (task.home,)
    for path in (*home, *task.directories, *task.files):
        if not path.startswith("/") or posixpath.normpath(path) != path:
            yield f"{path!r} is no plain absolute path"
    if task.home is None and (task.files or task.directories):
        yield "it has files but no home, so no sandbox"
    if not _survives_json(task):
        yield "its facts are not the same after they were kept as JSON"


def _survives_json(task: Task) -> bool:
    facts = dict(task.facts)
    try:
        return bool(json.loads(json.dumps(facts, allow_nan=False)) == facts)
    except (TypeError, ValueError):
        return False


async def variants_are_distinct(admission: Admission) -> list[Problem]:
    """A variant is always the same, and no two of a split are alike or share a name."""
    problems = []
    for split in SPLITS:
        tasks = _of(admission, split)
        if tasks != draw(admission.environment, split, COMPARED):
            problems.append(Problem("variants_are_distinct", split, "asking twice for a variant gives two tasks"))
        for what, seen in (
            ("name", [task.variant for task in tasks]),
            ("content", [repr((task.dialogue, sorted(task.files.items()))) for task in tasks]),
        ):
            if len(set(seen)) < len(seen):
                told = f"{len(seen) - len(set(seen))} of {len(seen)} variants repeat another's {what}"
                problems.append(Problem("variants_are_distinct", split, told))
    return problems


async def splits_are_disjoint(admission: Admission) -> list[Problem]:
    """Training and evaluation share no request and no file name."""
    requests: list[set[str]] = []
    names: list[set[str]] = []
    for split in SPLITS:
        tasks = _of(admission, split)
        requests.append({task.dialogue[-1].text for task in tasks})
        names.append({path.rsplit("/", 1)[-1] for task in tasks for path in task.files})
    shared = {"request": set.intersection(*requests), "file name": set.intersection(*names)}
    return [
        Problem("splits_are_disjoint", "train and eval", f"both have the {what} {one!r}")
        for what, ones in shared.items()
        for one in sorted(ones)
    ]


def _of(admission: Admission, split: Split) -> list[Task]:
    return [task for task in admission.every if task.split == split]
