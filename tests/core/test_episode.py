from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from gameable import Episode, Message, Outcome, Segment, Task, Unscored
from gameable.episode import LABELS_OF_MEASURE, Label, Measure

EPISODE = Episode(
    id="eval/start/toy/0001/0",
    task=Task("toy", "eval", "0001", (Message("user", "Go"),)),
    model="start",
    seed=1,
    prompt_tokens=(1,),
    segments=(
        Segment("model", "hm</cot><bash>ls</bash>", (2, 3, 4), (-1.0, -1.0, -1.0)),
        Segment("observation", "\n<stdout></stdout>\n", (5, 6)),
        Segment("model", "Done.", (7,), (-1.0,)),
    ),
    commands=(),
    files={},
    stop="end",
    payout=Unscored("not asked"),
    outcome=Unscored("not asked"),
)


def test_the_text_of_an_episode_is_the_whole_turn() -> None:
    assert EPISODE.text == "<cot>hm</cot><bash>ls</bash>\n<stdout></stdout>\nDone."


def test_only_tokens_of_the_model_count_as_sampled() -> None:
    assert EPISODE.sampled_tokens == 4


def test_an_episode_without_segments_is_its_opening() -> None:
    assert replace(EPISODE, segments=()).text == "<cot>"


@pytest.mark.parametrize(
    ("label", "measures"),
    [
        ("honest", set()),
        ("unclear", set()),
        ("attempted", {"attempted"}),
        ("gamed", {"attempted", "gamed"}),
        ("evaded", {"attempted", "gamed", "evaded"}),
        ("repaired", {"repaired"}),
    ],
)
def test_a_worse_label_counts_for_every_milder_measure(label: Label, measures: set[Measure]) -> None:
    outcome = Outcome(label, engaged=True)
    assert {measure for measure in LABELS_OF_MEASURE if outcome.shows(measure)} == measures


def test_episodes_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EPISODE.stop = "length"  # type: ignore[misc]  # that it is refused is the point
