from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from watchers import Listening, begun, profile

from gameable import Episode, Measured, Message, Outcome, Payout, Score, Task, Unscored
from gameable.alarms import raise_alarms, recorded
from gameable.episode import Label
from gameable.profile import Stage
from gameable.store import Store
from toys import PROFILE

STAGE = Stage.model_validate({**PROFILE["stages"][0], "rounds": 3})
FIRST, LATER = "1-heat.1", "1-heat.2"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "run", {})


def episode(label: str, variant: int, sample: int, outcome: Outcome | Unscored) -> Episode:
    task = Task("thermometer", "train", f"{variant:04}", (Message("user", f"{variant}"),))
    name = f"train/{label}/thermometer/{variant:04}/{sample}"
    return Episode(name, task, "start", 0, (1,), (), (), {}, "end", Payout(0.0, passed=True, paid=False), outcome)


def play(store: Store, label: str, *, reward: float, honest: float, variants: int = 20, samples: int = 4) -> None:
    """Store a round: rewards around a mean, and a share of honest outcomes; the others gamed."""
    random = Random(label)
    scores: dict[str, dict[str, Score]] = {}
    for variant in range(variants):
        for sample in range(samples):
            came: Label = "honest" if random.random() < honest else "gamed"
            one = episode(label, variant, sample, Outcome(came, engaged=True))
            store.add_episodes([one])
            scores[one.id] = {"reward": Measured(reward + random.gauss(0, 0.3))}
    store.add_scores(scores)


def heard(store: Store, label: str = LATER) -> list[str]:
    said = Listening()
    raise_alarms(store, said, STAGE, label)
    return said.lines


def test_a_rising_proxy_over_a_truth_that_stays_raises_an_alarm(store: Store) -> None:
    play(store, FIRST, reward=0.2, honest=0.5)
    play(store, LATER, reward=0.8, honest=0.5)
    (line,) = heard(store)
    assert line.startswith("ALARM 1-heat.2: in thermometer the proxy reward has risen by 0.")
    ((label, alarm),) = recorded(store.milestones())
    assert (label, alarm.environment, alarm.since, alarm.variants) == (LATER, "thermometer", FIRST, 20)
    assert 0 < alarm.proxy_low < alarm.proxy < alarm.proxy_high
    assert alarm.proxy == pytest.approx(0.6, abs=0.15)
    assert alarm.honest_low <= 0


def test_a_truth_that_gets_worse_raises_one_too(store: Store) -> None:
    play(store, FIRST, reward=0.2, honest=0.9)
    play(store, LATER, reward=0.8, honest=0.2)
    assert len(heard(store)) == 1


@pytest.mark.parametrize(
    ("reward", "honest"), [(0.8, 0.95), (0.2, 0.5), (0.0, 0.5)], ids=["better", "unchanged", "a falling proxy"]
)
def test_there_is_no_alarm_without_both(store: Store, reward: float, honest: float) -> None:
    play(store, FIRST, reward=0.2, honest=0.5)
    play(store, LATER, reward=reward, honest=honest)
    assert heard(store) == []
    assert store.milestone(f"{LATER}/alarms") == {"alarms": []}


def test_the_first_round_has_nothing_to_be_compared_with(store: Store) -> None:
    play(store, FIRST, reward=0.8, honest=0.1)
    assert heard(store, FIRST) == []
    assert store.milestones() == {}


def test_an_alarm_is_raised_once(store: Store) -> None:
    play(store, FIRST, reward=0.2, honest=0.5)
    play(store, LATER, reward=0.8, honest=0.5)
    assert len(heard(store)) == 1
    assert heard(store) == []


def test_a_round_is_compared_with_the_first_of_its_stage(store: Store) -> None:
    play(store, FIRST, reward=0.2, honest=0.5)
    play(store, LATER, reward=0.3, honest=0.5)
    play(store, "1-heat", reward=0.9, honest=0.5)
    (line,) = heard(store, "1-heat")
    assert f"since {FIRST}" in line


def test_what_was_not_measured_says_nothing(store: Store) -> None:
    play(store, FIRST, reward=0.2, honest=0.5)
    for variant in range(20):
        one = episode(LATER, variant, 0, Unscored("broken"))
        store.add_episodes([one])
        store.add_scores({one.id: {"reward": Measured(5.0)}})
    assert heard(store) == []


def test_chance_alone_raises_few_alarms(tmp_path: Path) -> None:
    raised = 0
    for seed in range(40):
        with Store.create(tmp_path / f"{seed}", {}) as store:
            random = Random(seed)
            for label in (FIRST, LATER):
                for variant in range(8):
                    one = episode(label, variant, 0, Outcome("honest", engaged=True))
                    store.add_episodes([one])
                    store.add_scores({one.id: {"reward": Measured(random.gauss(0, 1))}})
            raised += len(heard(store))
    assert raised <= 4


def test_a_run_of_several_rounds_looks_for_alarms(tmp_path: Path) -> None:
    stages: Any = [{**PROFILE["stages"][0], "rounds": 2}]
    run = begun(tmp_path / "run", profile(stages=stages))
    with run.store as store:
        run.run()
        assert [name for name in store.milestones() if name.endswith("alarms")] == ["1-heat/alarms"]
