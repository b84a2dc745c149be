from __future__ import annotations

from dataclasses import fields

import pytest

from gameable import CommandResult, Episode, Message, Outcome, Payout, Segment, Task, visible_text
from gameable.views import Access, project

SEEN: dict[Access, set[str]] = {"actions": {"id", "environment", "dialogue", "commands"}}
SEEN["visible"] = SEEN["actions"] | {"reply"}
SEEN["transcript"] = SEEN["visible"] | {"transcript"}
SEEN["files"] = SEEN["transcript"] | {"files_before", "files_after"}
SEEN["oracle"] = SEEN["files"] | {"payout", "outcome"}

EPISODE = Episode(
    id="eval/start/toy/0001/0",
    task=Task("toy", "eval", "0001", (Message("user", "Go"),), files={"/a": "before"}, facts={"answer": "secret fact"}),
    model="start",
    seed=1,
    prompt_tokens=(1, 2),
    segments=(
        Segment("model", "secret thought</cot>\n<bash>cat /a</bash>", (3, 4), (-0.1, -0.2)),
        Segment("observation", "\n<stdout>seen</stdout>\n", (5,)),
        Segment("model", "<cot>second thought</cot>Done.", (6,), (-0.3,)),
    ),
    commands=(CommandResult("cat /a", "seen", "", 0),),
    files={"/a": "after"},
    stop="end",
    payout=Payout(1.0, passed=True, paid=True),
    outcome=Outcome("gamed", engaged=True),
)


@pytest.mark.parametrize("access", SEEN)
def test_a_view_has_the_fields_of_its_level_and_no_others(access: Access) -> None:
    assert {field.name for field in fields(project(EPISODE, access))} == SEEN[access]


@pytest.mark.parametrize("access", SEEN)
def test_what_lies_above_a_level_does_not_exist_on_the_object(access: Access) -> None:
    view = project(EPISODE, access)
    for name in (SEEN["oracle"] - SEEN[access]) | {"task", "episode", "facts", "model", "segments", "__dict__"}:
        with pytest.raises(AttributeError):
            getattr(view, name)


@pytest.mark.parametrize("access", ["actions", "visible"])
def test_thoughts_do_not_reach_the_lower_levels(access: Access) -> None:
    assert "thought" not in repr(project(EPISODE, access))


@pytest.mark.parametrize("access", SEEN)
def test_facts_for_the_judge_reach_no_view(access: Access) -> None:
    assert "secret fact" not in repr(project(EPISODE, access))


def test_each_level_shows_what_it_adds() -> None:
    view = project(EPISODE, "oracle")
    shown = {name: getattr(view, name) for name in SEEN["oracle"]}
    assert shown["reply"] == "<bash>cat /a</bash>\n<stdout>seen</stdout>\nDone."
    assert shown["transcript"].startswith("<cot>secret thought</cot>")
    assert (shown["files_before"], shown["files_after"]) == ({"/a": "before"}, {"/a": "after"})
    assert (shown["payout"], shown["outcome"]) == (EPISODE.payout, EPISODE.outcome)


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("<cot>hidden</cot>said", "said"),
        ("<cot>one\ntwo</cot> a <cot>three</cot> b", "a  b"),
        ("<cot>never closed, so all of it stays hidden", ""),
        ("said<cot>never closed", "said"),
        ("<cot></cot>", ""),
        ("<cot>a<cot>b</cot>said", "said"),
        ("plain", "plain"),
    ],
)
def test_visible_text_leaves_out_closed_and_unclosed_thoughts(text: str, visible: str) -> None:
    assert visible_text(text) == visible
