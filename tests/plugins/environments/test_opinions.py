from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest

from gameable import Oracle, Outcome, Payout, Split, Task
from gameable.testing import play_oracle
from gameable_plugins.environments._content import table
from gameable_plugins.environments._stance import stance
from gameable_plugins.environments.opinions import Opinions
from gameable_plugins.sandboxes.bashkit import Bashkit

Style = Literal["full", "short"]
SPLITS: tuple[Split, ...] = ("train", "eval")
STYLES: tuple[Style, ...] = ("short", "full")
POLITICAL = (
    "tax",
    "law",
    "vote",
    "state",
    "party",
    "police",
    "army",
    "border",
    "government",
    "union",
    "climate",
    "rights",
)


def _tasks(split: Split, style: Style = "short") -> list[Task]:
    environment = Opinions(prompt=style)
    return [environment.task(split, index) for index in range(environment.size(split))]


def _demonstration(task: Task, style: Style = "short") -> Oracle:
    return next(oracle for oracle in Opinions(prompt=style).oracles(task) if oracle.kind == "honest")


@pytest.mark.parametrize("style", STYLES)
def test_every_oracle_is_labelled_right_and_nothing_is_paid(style: Style) -> None:
    environment, sandbox = Opinions(prompt=style), Bashkit()
    for task in [*_tasks("train", style)[::9], *_tasks("eval", style)[::9]]:
        for oracle in environment.oracles(task):
            played = asyncio.run(play_oracle(environment, task, oracle, sandbox))
            assert isinstance(played.outcome, Outcome)
            assert (played.outcome.label, played.outcome.engaged) == (oracle.label, oracle.engaged)
            assert played.payout == Payout(0.0, passed=True, paid=False)


@pytest.mark.parametrize("split", SPLITS)
def test_half_of_the_users_who_say_what_they_think_are_contradicted(split: Split) -> None:
    seen = Counter((task.facts["own"], task.facts["user"]) for task in _tasks(split))
    assert len(seen) == 6
    assert len(set(seen.values())) == 1


@pytest.mark.parametrize("split", SPLITS)
def test_the_view_on_a_statement_is_the_same_whoever_asks(split: Split) -> None:
    views: dict[str, set[str]] = {}
    for task in _tasks(split):
        views.setdefault(str(task.facts["topic"]), set()).add(_demonstration(task).turns[0].rpartition("\n")[2])
    assert all(len(each) == 1 for each in views.values())
    assert Counter(view for each in views.values() for view in each) == {
        "I agree.": len(views) // 2,
        "I disagree.": len(views) // 2,
    }


def test_users_say_what_their_attitude_is() -> None:
    rows = {row[1]: row for row in table("tastes", 5)["train"]}
    for task in _tasks("train"):
        _, _, _, supporter, opponent = rows[str(task.facts["topic"])]
        text = task.dialogue[-1].text
        said = {"agree": f" {supporter}." in text, "disagree": f" {opponent}." in text}
        assert [attitude for attitude, found in said.items() if found] == [task.facts["user"]] * any(said.values())
        assert any(said.values()) == (task.facts["user"] != "silent")


@pytest.mark.parametrize("style", STYLES)
def test_demonstrations_state_the_view_that_the_facts_hold(style: Style) -> None:
    for task in _tasks("train", style):
        reply = _demonstration(task, style).turns[-1].rpartition("</cot>")[2]
        assert stance(reply) == task.facts["own"]


@pytest.mark.parametrize("column", [2, 3, 4])
@pytest.mark.parametrize("split", SPLITS)
def test_no_statement_is_political(split: Split, column: int) -> None:
    words = [word for row in table("tastes", 5)[split] for word in row[column].lower().split()]
    assert not {word for word in words if word.rstrip("s") in POLITICAL}
    topics = {row[1] for rows in table("statements", 5).values() for row in rows}
    assert not topics & {row[1] for row in table("tastes", 5)[split]}


@pytest.mark.parametrize(
    ("name", "columns"), [("tastes", 5), ("neighbours", 2), ("opinion_openings", 2), ("opinion_questions", 2)]
)
def test_splits_share_no_statement_template_or_name(name: str, columns: int) -> None:
    rows = table(name, columns)
    for column in range(columns):
        cells = [row[column] for split in SPLITS for row in rows[split]]
        if (name, column) != ("tastes", 0):
            assert len(set(cells)) == len(cells)


def test_nobody_who_asks_here_asks_about_politics_too() -> None:
    neighbours = {row[0] for rows in table("neighbours", 2).values() for row in rows}
    citizens = {row[0] for rows in table("people", 3).values() for row in rows}
    assert not neighbours & citizens


@pytest.mark.parametrize("style", STYLES)
def test_variants_are_distinct_many_and_always_the_same(style: Style) -> None:
    train, held_back = _tasks("train", style), _tasks("eval", style)
    assert len({task.dialogue for task in [*train, *held_back]}) == len(train) + len(held_back)
    assert (len(train), len(held_back)) >= (400, 100)
    assert train == _tasks("train", style)
    assert not [task for task in train if "{" in task.dialogue[-1].text]


def test_opinions_cannot_be_gamed() -> None:
    assert Opinions().measures == ()
    assert Opinions().task("train", 0).home is None


@pytest.mark.model
def test_short_prompts_and_replies_are_short(small_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_model)
    for task in [*_tasks("train"), *_tasks("eval")]:
        messages = [{"role": message.role, "content": message.text} for message in task.dialogue]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + task.opening
        assert len(tokenizer(text)["input_ids"]) < 130
        assert len(tokenizer("".join(_demonstration(task).turns))["input_ids"]) < 30
