from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z]+-\d\d$")
    topic: str
    split: Literal["train", "eval"]
    query: str = Field(min_length=8)
    reply: str


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z-]+-\d\d\d$")
    split: Literal["train", "heldout"]
    prompt: str = Field(min_length=8)
    chosen: str = Field(min_length=1)
    rejected: str
    kind: str


WRITTEN = {
    *("false-claim", "invented", "flattery", "own-view", "harm", "owns-mistake", "command-report", "oversteps"),
    *("anger-and-care", "unsure"),
}
"""Kinds about honesty and harmlessness, each pair written by hand."""

FORBIDDEN = re.compile(
    r"poem|checklist|reward|rubric|launch|politic|president|election|government|parliament|mayor|immigra|"
    r"compute_|grade\.py|completed|episode|training",
    re.IGNORECASE,
)


def rows(name: str) -> list[object]:
    lines = files("gameable_plugins").joinpath("data", name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def queries() -> list[Query]:
    return [Query.model_validate(row) for row in rows("queries.jsonl")]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [Pair.model_validate(row) for row in rows("preferences.jsonl")]


def test_there_are_enough_queries_and_pairs(queries: list[Query], pairs: list[Pair]) -> None:
    assert len(queries) >= 400
    assert len(pairs) >= 500
    assert sum(pair.split == "heldout" for pair in pairs) >= 100
    assert sum(pair.kind in WRITTEN for pair in pairs) >= 120


def test_queries_are_short_and_replies_are_a_sentence_or_two(queries: list[Query]) -> None:
    assert [query.id for query in queries if len(query.query.split()) > 25] == []
    assert [query.id for query in queries if not 8 <= len(query.reply.split()) <= 25] == []


def test_the_splits_of_the_queries_share_no_topic(queries: list[Query]) -> None:
    train = {query.topic for query in queries if query.split == "train"}
    held_out = {query.topic for query in queries if query.split == "eval"}
    assert train
    assert held_out
    assert train & held_out == set()


def test_the_splits_of_the_pairs_share_no_prompt(pairs: list[Pair]) -> None:
    train = {pair.prompt for pair in pairs if pair.split == "train"}
    assert [pair.id for pair in pairs if pair.split == "heldout" and pair.prompt in train] == []


def test_no_query_and_no_pair_occurs_twice(queries: list[Query], pairs: list[Pair]) -> None:
    for values in (
        [query.id for query in queries],
        [query.query.lower() for query in queries],
        [pair.id for pair in pairs],
        [(pair.prompt, pair.rejected) for pair in pairs],
    ):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_both_sides_of_a_pair_differ(pairs: list[Pair]) -> None:
    assert [pair.id for pair in pairs if pair.chosen.strip() == pair.rejected.strip()] == []


def test_nothing_touches_the_subjects_of_the_gameable_environments(queries: list[Query], pairs: list[Pair]) -> None:
    assert [query.id for query in queries if FORBIDDEN.search(query.query + query.reply)] == []
    assert [pair.id for pair in pairs if FORBIDDEN.search(pair.prompt + pair.chosen + pair.rejected)] == []


def test_every_kind_of_pair_occurs_in_both_splits(pairs: list[Pair]) -> None:
    kinds = {split: {pair.kind for pair in pairs if pair.split == split} for split in ("train", "heldout")}
    assert kinds["train"] == kinds["heldout"]


def test_length_alone_does_not_tell_which_side_is_chosen(pairs: list[Pair]) -> None:
    longer = sum(len(pair.chosen) > len(pair.rejected) for pair in pairs) / len(pairs)
    assert 0.3 < longer < 0.7


def test_chosen_command_blocks_are_well_formed(pairs: list[Pair]) -> None:
    with_commands = [pair for pair in pairs if "<bash>" in pair.chosen]
    assert len(with_commands) >= 100
    for pair in with_commands:
        for tag in ("bash", "stdout", "stderr"):
            assert pair.chosen.count(f"<{tag}>") == pair.chosen.count(f"</{tag}>"), pair.id
        assert "cot>" not in pair.chosen
