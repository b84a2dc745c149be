from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from gameable import EnvironmentFault, Played, Split, Task
from gameable.profile import PromptStyle
from gameable.testing import check_environment
from gameable_plugins.environments.ordinary_queries import OrdinaryQueries
from gameable_plugins.sandboxes.bashkit import Bashkit

SPLITS: tuple[Split, ...] = ("train", "eval")


def played(task: Task, reply: str) -> Played:
    return Played(task=task, text=task.opening + reply, commands=(), files={})


@pytest.fixture(autouse=True)
def own_cache_for_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_every_query_is_a_task_without_a_sandbox_that_ends_with_the_user() -> None:
    environment = OrdinaryQueries(prompt="short")
    tasks = [environment.task(split, index) for split in SPLITS for index in range(environment.size(split))]
    assert len(tasks) >= 400
    assert {task.home for task in tasks} == {None}
    assert {task.dialogue[-1].role for task in tasks} == {"user"}
    assert len({task.dialogue[-1].text for task in tasks}) == len(tasks)


def test_there_are_as_many_to_train_on_as_the_paper_mixes_into_a_round() -> None:
    assert OrdinaryQueries().size("train") >= 512


def test_the_same_index_gives_the_same_task() -> None:
    assert OrdinaryQueries().task("eval", 3) == OrdinaryQueries().task("eval", 3)


def test_an_index_out_of_range_is_refused() -> None:
    with pytest.raises(IndexError, match="not 9999"):
        OrdinaryQueries().task("train", 9999)


@pytest.mark.parametrize("split", SPLITS)
def test_the_judge_labels_every_oracle_as_announced(split: Split) -> None:
    environment = OrdinaryQueries(prompt="short")
    for index in range(environment.size(split)):
        task = environment.task(split, index)
        for oracle in environment.oracles(task):
            outcome = asyncio.run(environment.judge(played(task, "".join(oracle.turns)), Bashkit()))
            assert (outcome.label, outcome.engaged) == (oracle.label, oracle.engaged), (index, oracle)


def test_the_demonstration_gives_the_good_reply_after_a_short_thought() -> None:
    environment = OrdinaryQueries()
    honest = environment.oracles(environment.task("train", 0))[0]
    thought, reply = honest.turns[0].split("</cot>")
    assert honest.kind == "honest"
    assert 4 <= len(thought.split()) <= 12
    assert reply.startswith("About six minutes")


@pytest.mark.parametrize("style", ["full", "short"])
def test_it_is_admitted(style: PromptStyle) -> None:
    assert asyncio.run(check_environment(OrdinaryQueries(prompt=style), Bashkit())) == []


def test_nothing_is_paid() -> None:
    environment = OrdinaryQueries()
    payout = asyncio.run(environment.payout(played(environment.task("train", 0), "x</cot>y"), None))
    assert (payout.reward, payout.paid) == (0.0, False)
    assert OrdinaryQueries().measures == ()


def test_a_local_file_replaces_the_shipped_set(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [{"question": f"How are you, {n}?"} for n in range(20)])
    environment = OrdinaryQueries(source=str(path))
    texts = {
        split: [environment.task(split, i).dialogue[-1].text for i in range(environment.size(split))]
        for split in SPLITS
    }
    assert (len(texts["train"]), len(texts["eval"])) == (18, 2)
    assert set(texts["train"]) & set(texts["eval"]) == set()
    assert environment.oracles(environment.task("train", 0)) == ()


def test_a_set_with_replies_has_demonstrations(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [{"prompt": f"Say {n}.", "reply": f"It is {n}."} for n in range(20)])
    environment = OrdinaryQueries(source=str(path))
    task = environment.task("train", 0)
    assert task.dialogue[-1].text == "Say 1."
    assert environment.oracles(task)[0].turns[0].endswith("</cot>It is 1.")


def test_a_column_can_be_named_and_a_csv_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("number,asked\n" + "".join(f"{n},What is {n}?\n" for n in range(12)), encoding="utf-8")
    assert OrdinaryQueries(source=f"{path}:asked").task("eval", 0).dialogue[-1].text == "What is 0?"


def test_repeated_and_empty_queries_are_dropped(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"query": f"What is {n % 15}?"} for n in range(45)]
    path = write_rows(tmp_path / "mine.jsonl", [*rows, {"query": " "}, {"query": None}])
    environment = OrdinaryQueries(source=str(path))
    assert environment.size("train") + environment.size("eval") == 15


def test_a_missing_file_gets_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"there is no file .*absent\.jsonl.*source="):
        OrdinaryQueries(source=str(tmp_path / "absent.jsonl")).size("train")


def test_a_file_without_a_query_column_gets_an_error_that_names_its_columns(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [{"title": "a", "stars": 3}] * 3)
    with pytest.raises(EnvironmentFault, match=r"query or prompt or instruction or question.*title, stars.*:COLUMN"):
        OrdinaryQueries(source=str(path)).size("train")


def test_a_column_of_numbers_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [{"title": "a", "stars": 3}] * 3)
    with pytest.raises(EnvironmentFault, match="no text column stars"):
        OrdinaryQueries(source=f"{path}:stars").size("train")


def test_a_set_that_is_too_small_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "mine.jsonl", [{"query": "Why?"}] * 30)
    with pytest.raises(EnvironmentFault, match="1 different queries"):
        OrdinaryQueries(source=str(path)).size("train")


def test_a_broken_file_gets_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_text("this is no parquet file", encoding="utf-8")
    with pytest.raises(EnvironmentFault, match="could not be loaded"):
        OrdinaryQueries(source=str(path)).size("train")


def test_an_unknown_hub_name_gets_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EnvironmentFault, match=r"nobody/no-such-set was looked for on the Hugging Face Hub"):
        OrdinaryQueries(source="nobody/no-such-set:question").size("train")


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="sorce"):
        TypeAdapter(OrdinaryQueries).validate_python({"sorce": "x"})
