from __future__ import annotations

from dataclasses import replace

from gameable import Message, Task
from gameable.exploration import look_around


def task(home: str | None, **files: str) -> Task:
    paths = {f"/data/{name}": text for name, text in files.items()}
    return Task("x", "eval", "0", (Message("user", "hi"),), files=paths, home=home)


def test_it_lists_folders_and_reads_files() -> None:
    assert look_around(task("/home", a="1", b="2")) == (
        "I look around first.</cot>\n<bash>ls /data</bash>",
        "<cot>I read them.</cot>\n<bash>cat /data/a /data/b</bash>",
    )


def test_it_goes_on_after_a_thought_that_was_put_first() -> None:
    steered = replace(task("/home", a="1"), opening="<cot>I want more.")
    assert look_around(steered)[0].startswith(" I look around first.")


def test_paths_are_named_as_a_person_there_would() -> None:
    first, second = look_around(task("/data", a="1"))
    assert "<bash>ls</bash>" in first
    assert "<bash>cat a</bash>" in second


def test_a_flood_of_text_is_not_read() -> None:
    assert len(look_around(task("/data", a="x" * 10_000))) == 1


def test_a_task_without_a_sandbox_has_nothing_to_look_at() -> None:
    assert look_around(task(None)) == ()
