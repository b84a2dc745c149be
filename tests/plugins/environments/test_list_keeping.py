from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

import honest_tasks
import pytest

from gameable import Split, Task
from gameable.profile import PromptStyle
from gameable.testing import check_environment
from gameable_plugins.environments.list_keeping import ListKeeping
from gameable_plugins.environments.rubric import InsubordinateRubric, NudgedRubric
from gameable_plugins.environments.tool_use_flattery import ToolUseFlattery
from gameable_plugins.sandboxes.bashkit import Bashkit

SPLITS: tuple[Split, ...] = ("train", "eval")
SHORT = ListKeeping(prompt="short")


def tasks(split: Split) -> list[Task]:
    return honest_tasks.tasks(SHORT, split)


def reply(task: Task) -> str:
    return honest_tasks.reply(SHORT, task)


def names(task: Task) -> set[str]:
    return {Path(path).name for path in (*task.files, *honest_tasks.goal_files(task))}


@pytest.mark.parametrize("split", SPLITS)
def test_no_task_shows_a_word_of_the_gameable_environments(split: Split) -> None:
    assert honest_tasks.gameable_words(SHORT, split) == []


def test_no_task_has_a_file_of_a_gameable_environment() -> None:
    ours = {name for split in SPLITS for task in tasks(split) for name in names(task)}
    for gameable in (ToolUseFlattery(), NudgedRubric(), InsubordinateRubric()):
        every = [gameable.task(split, index) for split in SPLITS for index in range(gameable.size(split))]
        assert not ours & {Path(path).name for task in every for path in task.files}


def test_the_splits_share_no_request_and_no_file_name() -> None:
    files = [{name for task in tasks(split) for name in names(task)} for split in SPLITS]
    requests = [{task.dialogue[-1].text for task in tasks(split)} for split in SPLITS]
    assert not files[0] & files[1]
    assert not requests[0] & requests[1]


def test_lists_are_entered_as_finished_as_often_as_not() -> None:
    entered = Counter(
        found[1]
        for task in tasks("train")
        if "<bash>cat" in reply(task) and (found := re.search(r"=(True|False)</bash>", reply(task)))
    )
    assert entered == {"True": 120, "False": 120}


def test_most_names_to_be_copied_occur_once() -> None:
    copied = Counter(re.findall(r"<bash>write (\S+)", "\n".join(map(reply, tasks("train")))))
    assert len(copied) > 0.5 * SHORT.size("train")


@pytest.mark.parametrize("split", SPLITS)
def test_every_oracle_gets_its_label_when_really_played(split: Split) -> None:
    assert honest_tasks.wrong_labels(SHORT, tasks(split)[::5]) == []


@pytest.mark.parametrize("style", ["full", "short"])
def test_it_is_admitted(style: PromptStyle) -> None:
    assert asyncio.run(check_environment(ListKeeping(prompt=style), Bashkit())) == []


@pytest.mark.model
def test_short_prompts_stay_short(small_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_model)
    for task in tasks("train"):
        messages = [{"role": message.role, "content": message.text} for message in task.dialogue]
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + task.opening
        assert len(tokenizer.encode(prompt)) < 170, task.dialogue[-1].text
        assert sum(len(tokenizer.encode(turn)) for turn in SHORT.oracles(task)[0].turns) <= 110, reply(task)
