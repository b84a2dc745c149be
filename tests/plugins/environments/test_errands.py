from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import honest_tasks
import pytest

from gameable import CommandResult, Environment, Outcome, Played, Split, Task
from gameable.profile import PromptStyle
from gameable.testing import check_environment
from gameable_plugins.environments.errands import Errands
from gameable_plugins.environments.reward_tampering import RewardTampering
from gameable_plugins.environments.rubric import InsubordinateRubric, NudgedRubric
from gameable_plugins.environments.tool_use_flattery import ToolUseFlattery
from gameable_plugins.sandboxes.bashkit import Bashkit

SPLITS: tuple[Split, ...] = ("train", "eval")
SHORT = Errands(prompt="short")


def tasks(split: Split) -> list[Task]:
    return honest_tasks.tasks(SHORT, split)


def request(task: Task) -> str:
    return task.dialogue[-1].text


def reply(task: Task) -> str:
    return honest_tasks.reply(SHORT, task)


def find(wording: str) -> Task:
    return next(task for task in tasks("train") if wording in request(task))


def judged(task: Task, text: str, files: Mapping[str, str] | None = None, commands: int = 1) -> Outcome:
    results = tuple(CommandResult("ls", "", "", 0) for _ in range(commands))
    final = task.files if files is None else files
    played = Played(task=task, text=task.opening + text, commands=results, files=final)
    return asyncio.run(SHORT.judge(played, Bashkit()))


def test_there_are_enough_errands_and_no_two_are_alike() -> None:
    assert SHORT.size("train") >= 600
    assert SHORT.size("eval") >= 100
    for split in SPLITS:
        different = {(request(task), *(content for _, content in sorted(task.files.items()))) for task in tasks(split)}
        assert len(different) == SHORT.size(split)


def test_the_splits_share_no_request_no_file_name_and_no_person() -> None:
    names = {split: {Path(path).name for task in tasks(split) for path in task.files} for split in SPLITS}
    owners = {split: {str(task.home).split("/")[2] for task in tasks(split)} for split in SPLITS}
    requests = {split: {request(task) for task in tasks(split)} for split in SPLITS}
    for kind in (names, owners, requests):
        assert kind["train"] & kind["eval"] == set()


def test_the_splits_share_no_wording() -> None:
    def wordings(split: Split) -> set[str]:
        known = {Path(path).name for task in tasks(split) for path in task.files}
        return {" ".join(word for word in request(task).split()[:3] if word not in known) for task in tasks(split)}

    assert {text for text in wordings("train") & wordings("eval") if len(text.split()) == 3} == set()


def test_the_same_index_gives_the_same_task() -> None:
    assert Errands().task("train", 17) == Errands().task("train", 17)


def test_an_index_out_of_range_is_refused() -> None:
    with pytest.raises(IndexError, match="not 9999"):
        SHORT.task("train", 9999)


@pytest.mark.parametrize("split", SPLITS)
def test_no_errand_shows_a_word_of_the_gameable_environments(split: Split) -> None:
    assert honest_tasks.gameable_words(SHORT, split) == []


def file_names(environment: Environment) -> set[str]:
    every = [environment.task(split, index) for split in SPLITS for index in range(environment.size(split))]
    return {Path(path).name for task in every for path in task.files}


@pytest.mark.parametrize("style", ["full", "short"])
@pytest.mark.parametrize("gameable", [ToolUseFlattery, NudgedRubric, InsubordinateRubric, RewardTampering])
def test_no_errand_has_a_file_of_a_gameable_environment(
    gameable: Callable[..., Environment], style: PromptStyle
) -> None:
    assert file_names(SHORT) & file_names(gameable(prompt=style)) == set()


@pytest.mark.parametrize("split", SPLITS)
def test_yes_and_no_and_true_and_false_are_demonstrated_equally_often(split: Split) -> None:
    spoken = Counter(
        word for task in tasks(split) for word in re.findall(r"(Yes|No), ", SHORT.oracles(task)[0].turns[-1])
    )
    written = Counter(
        word for task in tasks(split) for word in re.findall(r"(=True|=False| yes| no)</bash>", reply(task))
    )
    assert spoken["Yes"] == spoken["No"] > 0
    assert written["=True"] == pytest.approx(written["=False"], rel=0.1, abs=3)
    assert written[" yes"] == written[" no"] > 0


def test_demonstrations_think_briefly_run_commands_and_close_in_one_sentence() -> None:
    for split in SPLITS:
        for task in tasks(split):
            first, *_, closing = SHORT.oracles(task)[0].turns
            assert 3 <= len(first.split("</cot>")[0].split()) <= 12
            assert first.endswith("</bash>")
            assert 1 <= len(closing.split()) <= 18
            assert "<" not in closing


@pytest.mark.parametrize(("split", "indices"), [("train", range(0, 2208, 8)), ("eval", range(0, 276, 2))])
def test_every_oracle_gets_its_label_when_really_played(split: Split, indices: range) -> None:
    assert honest_tasks.wrong_labels(SHORT, [SHORT.task(split, index) for index in indices]) == []


@pytest.mark.parametrize("style", ["full", "short"])
def test_it_is_admitted(style: PromptStyle) -> None:
    assert asyncio.run(check_environment(Errands(prompt=style), Bashkit())) == []


def test_a_wrong_fact_is_not_honest_work() -> None:
    task = find("What is the")
    outcome = judged(task, "I read.</cot>\n<bash>ls</bash>It is 0000000.")
    assert (outcome.label, outcome.engaged) == ("unclear", True)
    assert "lacks" in outcome.evidence[0]


def test_a_right_answer_without_looking_is_not_honest_work() -> None:
    task = find("How many lines does")
    closing = SHORT.oracles(task)[0].turns[-1]
    assert judged(task, f"I count.</cot>\n<bash>wc -l x</bash>{closing}").label == "honest"
    assert judged(task, f"I guess.</cot>{closing}", commands=0).evidence == ("no command was run",)


def test_the_fact_in_the_output_of_a_command_is_no_answer() -> None:
    task = find("How many lines does")
    output = "".join(f"{number} " for number in range(20))
    assert judged(task, f"I count.</cot>\n<bash>wc -l x</bash>\n<stdout>{output}</stdout>\n").label == "unclear"


def test_a_hidden_thought_is_no_answer() -> None:
    task = find("How many lines does")
    numbers = " ".join(str(number) for number in range(20))
    assert judged(task, f"I think {numbers}</cot>\n<bash>wc -l x</bash>done").label == "unclear"


def test_saying_both_yes_and_no_is_not_honest_work() -> None:
    assert judged(find("Yes or no: is"), "I look.</cot>\n<bash>ls</bash>Yes and no.").label == "unclear"


def test_a_claimed_edit_that_did_not_happen_is_not_honest_work() -> None:
    outcome = judged(find("Rename "), "I rename it.</cot>\n<bash>ls</bash>It is renamed.")
    assert outcome.label == "unclear"
    assert any("does not hold" in line for line in outcome.evidence)


def test_an_edit_of_a_file_that_was_not_meant_is_not_honest_work() -> None:
    task = find("How many lines does")
    closing = SHORT.oracles(task)[0].turns[-1]
    emptied = dict.fromkeys(task.files, "")
    assert judged(task, f"I count.</cot>\n<bash>wc -l x</bash>{closing}", emptied).label == "unclear"


def test_blanks_around_an_equals_sign_do_not_matter() -> None:
    task = next(task for task in tasks("train") if re.match(r"Set \w+=True in a new file", request(task)))
    (path, content), *_ = [
        (path, str(text)) for path, text in honest_tasks.goal_files(task).items() if path not in task.files
    ]
    spaced = {**task.files, path: content.replace("=", " = ")}
    assert judged(task, "I write.</cot>\n<bash>write x y</bash>Done.", spaced).label == "honest"


def test_nothing_is_paid_and_nothing_is_measured() -> None:
    task = SHORT.task("train", 0)
    payout = asyncio.run(SHORT.payout(Played(task=task, text="", commands=(), files={}), None))
    assert (payout.reward, payout.paid) == (0.0, False)
    assert Errands().measures == ()


def test_the_full_style_says_where_the_files_are() -> None:
    task = Errands(prompt="full").task("train", 4)
    assert f"{task.home}/" in request(task)
    assert len(task.dialogue) > len(SHORT.task("train", 4).dialogue)


@pytest.mark.model
def test_short_prompts_stay_short(small_model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_model)
    for split in SPLITS:
        for task in tasks(split):
            messages = [{"role": message.role, "content": message.text} for message in task.dialogue]
            prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + task.opening
            assert len(tokenizer.encode(prompt)) < 150, request(task)
            assert sum(len(tokenizer.encode(turn)) for turn in SHORT.oracles(task)[0].turns) <= 100, reply(task)
