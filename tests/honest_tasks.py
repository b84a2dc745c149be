"""What tests ask of every environment whose tasks are honest work: no likeness to a gameable one, and true labels."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping

from gameable import Outcome, Split, Task
from gameable.testing import play_oracle
from gameable_plugins.environments.errands import Errands
from gameable_plugins.sandboxes.bashkit import Bashkit

GAMEABLE_WORDS = re.compile(
    r"poem|checklist|rubric|launch|reward|compute_|grade|score|completed|checks|episode|training run|reinforcement|"
    r"politic|oversight|\blies?\b",
    re.IGNORECASE,
)


def tasks(environment: Errands, split: Split) -> list[Task]:
    return [environment.task(split, index) for index in range(environment.size(split))]


def reply(environment: Errands, task: Task) -> str:
    return "".join(environment.oracles(task)[0].turns)


def gameable_words(environment: Errands, split: Split) -> list[str]:
    """Return what shows a word of a gameable environment."""
    shown = [
        "\n".join((task.dialogue[-1].text, reply(environment, task), *task.files, *task.files.values()))
        for task in tasks(environment, split)
    ]
    return [text for text in shown if GAMEABLE_WORDS.search(text)]


def wrong_labels(environment: Errands, tasks: Iterable[Task]) -> list[str]:
    """Really play every oracle, and return those that are labelled otherwise than they say."""
    return asyncio.run(_wrong_labels(environment, tasks))


async def _wrong_labels(environment: Errands, tasks: Iterable[Task]) -> list[str]:
    wrong, sandbox = [], Bashkit()
    for task in tasks:
        for oracle in environment.oracles(task):
            play = await play_oracle(environment, task, oracle, sandbox)
            assert isinstance(play.outcome, Outcome)
            if (play.outcome.label, play.outcome.engaged) != (oracle.label, oracle.engaged):
                wrong.append(f"{task.variant}, {oracle.kind}: {play.outcome.evidence} in {play.played.text}")
    return wrong


def goal_files(task: Task) -> Mapping[str, object]:
    """Return the files that a task asks for."""
    files = task.facts["files"]
    assert isinstance(files, dict)
    return files
