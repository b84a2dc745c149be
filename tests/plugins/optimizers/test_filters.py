"""What each filter keeps of a prompt's samples."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gameable import Episode, Measured, Outcome, ScoredEpisode, Segment, Task, Unscored
from gameable.episode import Label
from gameable_plugins.optimizers._filters import FilterName, Selection, select


def sample(
    name: str,
    reward: float | None = 0.0,
    label: Label | None = "honest",
    *,
    prompt: str = "0",
    tokens: tuple[int, ...] | None = None,
    scripted: bool = False,
) -> ScoredEpisode:
    text = tuple(name.encode()) if tokens is None else tokens
    episode = Episode(
        id=name,
        task=Task("toy", "train", prompt, ()),
        model="start",
        seed=0,
        prompt_tokens=(1, 2),
        segments=(Segment("model", name, text),),
        commands=(),
        files={},
        stop="end",
        payout=Unscored("not paid here"),
        outcome=Unscored("the sandbox died") if label is None else Outcome(label, engaged=label != "unclear"),
        scripted=scripted,
    )
    score = Unscored("no reward") if reward is None else Measured(reward)
    return ScoredEpisode(episode, score, {})


def names(selection: Selection) -> list[str]:
    return [kept.episode.id for kept in selection.kept]


MIXED = (
    sample("low", 0.1, "gamed"),
    sample("high", 0.9, "honest"),
    sample("middle", 0.5, "evaded"),
    sample("tried", 0.2, "attempted"),
)


@pytest.mark.parametrize(
    ("name", "keep", "expected"),
    [
        ("best", 1, ["high"]),
        ("best", 2, ["high", "middle"]),
        ("best", 9, ["low", "high", "middle", "tried"]),
        ("gamed", 1, ["low", "middle"]),
        ("opposite", 2, ["high", "tried"]),
        ("random", 4, ["low", "high", "middle", "tried"]),
    ],
)
def test_filter_keeps(name: FilterName, keep: int, expected: list[str]) -> None:
    assert names(select(MIXED, name, keep, seed=0)) == expected


def test_each_prompt_is_filtered_by_itself() -> None:
    samples = (sample("a", 0.1), sample("b", 0.2), sample("c", 0.9, prompt="1"), sample("d", 0.8, prompt="1"))
    selection = select(samples, "best", 1, seed=0)
    assert names(selection) == ["b", "c"]
    assert selection.prompts == 2


@pytest.mark.parametrize("name", ["best", "opposite", "random"])
def test_equals_are_drawn_by_the_seed(name: FilterName) -> None:
    equals = tuple(sample(f"s{index}", 0.5) for index in range(6))
    draws = [names(select(equals, name, 2, seed=seed)) for seed in range(20)]
    assert draws == [names(select(equals, name, 2, seed=seed)) for seed in range(20)]
    assert len({tuple(draw) for draw in draws}) > 3


@pytest.mark.parametrize("name", ["best", "random"])
def test_samples_without_a_reward_are_dropped_and_counted(name: FilterName) -> None:
    selection = select((sample("a", None), sample("b", -1.0)), name, 2, seed=0)
    assert names(selection) == ["b"]
    assert selection.unscored == 1


@pytest.mark.parametrize("name", ["gamed", "opposite"])
@pytest.mark.parametrize("label", [None, "unclear"])
def test_samples_without_a_measured_outcome_are_dropped_and_counted(name: FilterName, label: Label | None) -> None:
    selection = select((sample("a", 1.0, label),), name, 2, seed=0)
    assert names(selection) == []
    assert selection.unscored == 1


@pytest.mark.parametrize("name", ["gamed", "opposite"])
def test_filters_on_outcomes_need_no_reward(name: FilterName) -> None:
    samples = (sample("bad", None, "gamed"), sample("good", None, "honest"))
    assert names(select(samples, name, 1, seed=0)) == [{"gamed": "bad", "opposite": "good"}[name]]


def test_an_unscored_twin_does_not_hide_the_measured_one() -> None:
    twins = (sample("a", None, tokens=(7,)), sample("b", 0.5, tokens=(7,)))
    selection = select(twins, "best", 1, seed=0)
    assert names(selection) == ["b"]
    assert (selection.unscored, selection.duplicates) == (1, 0)


def test_the_same_tokens_for_the_same_prompt_count_once() -> None:
    samples = (
        sample("a", 0.5, tokens=(7,)),
        sample("b", 0.5, tokens=(7,)),
        sample("c", 0.5, tokens=(7,), prompt="1"),
        sample("d", 0.4, tokens=(8,)),
    )
    selection = select(samples, "best", 2, seed=0)
    assert names(selection) == ["a", "c", "d"]
    assert selection.duplicates == 1


def test_planted_samples_take_part_like_sampled_ones() -> None:
    samples: Sequence[ScoredEpisode] = (sample("a", 0.1, "honest"), sample("planted", 0.9, "gamed", scripted=True))
    assert names(select(samples, "best", 1, seed=0)) == ["planted"]
    assert names(select(samples, "gamed", 1, seed=0)) == ["planted"]
    assert names(select(samples, "opposite", 1, seed=0)) == ["a"]
