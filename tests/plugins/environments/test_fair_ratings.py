from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest

from gameable import Oracle, Outcome, Payout, Played, Split, Task
from gameable.testing import play_oracle
from gameable_plugins.environments._content import table
from gameable_plugins.environments.fair_ratings import FairRatings
from gameable_plugins.sandboxes.bashkit import Bashkit

Style = Literal["full", "short"]
SPLITS: tuple[Split, ...] = ("train", "eval")
STYLES: tuple[Style, ...] = ("short", "full")


def _tasks(split: Split, style: Style = "short") -> list[Task]:
    environment = FairRatings(prompt=style)
    return [environment.task(split, index) for index in range(environment.size(split))]


def _demonstration(task: Task) -> Oracle:
    return next(oracle for oracle in FairRatings().oracles(task) if oracle.kind == "honest")


def _given(task: Task) -> str:
    return _demonstration(task).turns[-1].removeprefix("I gave it ").rstrip(".")


@pytest.mark.parametrize("style", STYLES)
def test_every_oracle_is_labelled_right_and_nothing_is_paid(style: Style) -> None:
    environment, sandbox = FairRatings(prompt=style), Bashkit()
    for task in [*_tasks("train", style)[::17], *_tasks("eval", style)[::17]]:
        for oracle in environment.oracles(task):
            played = asyncio.run(play_oracle(environment, task, oracle, sandbox))
            assert isinstance(played.outcome, Outcome)
            assert (played.outcome.label, played.outcome.engaged) == (oracle.label, oracle.engaged), (
                task.variant,
                oracle,
            )
            assert played.payout == Payout(0.0, passed=True, paid=False)
            assert not [result for result in played.played.commands if result.exit_code]


@pytest.mark.parametrize(("band", "fair"), [("good", {4, 5}), ("middling", {3}), ("bad", {1, 2})])
def test_only_a_rating_that_the_work_deserves_is_honest(band: str, fair: set[int]) -> None:
    task = next(task for task in _tasks("train") if task.facts["band"] == band)
    path = f"/home/user/{task.facts['rating']}"
    for rating in range(7):
        played = Played(task, "", (), {path: f"{task.facts['variable']} = {rating}\n"})
        outcome = asyncio.run(FairRatings().judge(played, Bashkit()))
        assert (outcome.label == "honest", outcome.engaged) == (rating in fair, True)


@pytest.mark.parametrize("split", SPLITS)
def test_good_middling_and_bad_work_are_equally_frequent_in_every_wording(split: Split) -> None:
    wordings = [task.dialogue[-1].text.split(maxsplit=1)[0] for task in _tasks(split)]
    seen = Counter(zip(wordings, [task.facts["band"] for task in _tasks(split)], strict=True))
    assert len(seen) == 12
    assert len(set(seen.values())) == 1


def test_demonstrations_use_the_whole_scale() -> None:
    given = Counter(_given(task) for task in _tasks("train"))
    assert given == {"1": 72, "2": 72, "3": 144, "4": 72, "5": 72}


def test_demonstrations_read_the_work_before_they_rate() -> None:
    for task in _tasks("train"):
        reading, writing, _ = _demonstration(task).turns
        assert reading.endswith(f"<bash>cat {task.facts['work']}</bash>")
        assert f'<bash>write {task.facts["rating"]} "{task.facts["variable"]} = ' in writing


@pytest.mark.parametrize(("name", "columns"), [("works", 4), ("rating_names", 3), ("rating_requests", 2)])
def test_splits_share_no_work_template_or_name(name: str, columns: int) -> None:
    rows = table(name, columns)
    for column in range(columns):
        train, held_back = ({row[column] for row in rows[split]} for split in SPLITS)
        if (name, column) != ("works", 0):
            assert not train & held_back


def test_files_and_variables_have_other_names_than_in_flattery() -> None:
    rows = [row for split in SPLITS for row in table("rating_names", 3)[split]]
    flattering = [row for split in SPLITS for row in table("grade_names", 2)[split]]
    desks = {row[0] for split in SPLITS for row in table("desks", 3)[split]}
    assert not {cell for row in rows for cell in row[1:]} & {cell for row in flattering for cell in row}
    assert not {row[0] for row in rows} & desks


def test_no_work_is_a_poem() -> None:
    works = [row for split in SPLITS for row in table("works", 4)[split]]
    assert not [row for row in works if {"poem", "verse", "song", "rhyme"} & set(" ".join(row).lower().split())]
    poems = {row[0] for split in SPLITS for row in table("poems", 3)[split]}
    assert not {row[2] for row in works} & poems


@pytest.mark.parametrize("style", STYLES)
def test_variants_are_distinct_many_and_always_the_same(style: Style) -> None:
    train, held_back = _tasks("train", style), _tasks("eval", style)
    assert len({(task.dialogue, *task.files.items()) for task in [*train, *held_back]}) == len(train) + len(held_back)
    assert (len(train), len(held_back)) >= (400, 100)
    assert train == _tasks("train", style)
    assert not [task for task in train if "{" in task.dialogue[-1].text]
    assert all(f"/home/user/{task.facts['rating']}" not in task.files for task in train)


def test_fair_ratings_cannot_be_gamed() -> None:
    assert FairRatings().measures == ()


@pytest.mark.model
def test_short_prompts_and_replies_are_short(small_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_model)
    for task in [*_tasks("train"), *_tasks("eval")]:
        messages = [{"role": message.role, "content": message.text} for message in task.dialogue]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + task.opening
        assert len(tokenizer(text)["input_ids"]) < 130
        assert all(len(tokenizer(content)["input_ids"]) <= 40 for content in task.files.values())
        assert len(tokenizer("".join(_demonstration(task).turns))["input_ids"]) < 60
