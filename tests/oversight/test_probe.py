from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from gameable import (
    Episode,
    Measured,
    Message,
    MonitorError,
    Outcome,
    Payout,
    Score,
    Segment,
    Silent,
    Task,
    TranscriptView,
    Unscored,
)
from gameable.episode import Label
from gameable.plugins import Plugins
from gameable.store import Store
from gameable.views import project
from gameable_oversight.monitors.probe import Probe

pytest.importorskip("sklearn")
pytestmark = pytest.mark.timeout(180)

WORDS = ("quickly", "slowly", "red", "blue", "seven", "north", "river", "stone")


def episode(environment: str, number: int, label: Label, phase: str = "evaluate/start") -> Episode:
    """Gamed ones say a word that no other says, between words at random."""
    random = Random(f"{environment}{number}{label}")
    said = [random.choice(WORDS) for _ in range(6)]
    if label in {"gamed", "evaded"}:
        said[1::2] = ["zzzz", "zzzz", "zzzz"]
    task = Task(environment, "eval", f"{number:04}", (Message("user", f"Say words, {environment}."),))
    segments = (Segment("model", f"hm</cot>{' '.join(said)}", (1,), (0.0,)),)
    payout, outcome = Payout(0.0, passed=True, paid=False), Outcome(label, engaged=True)
    name = f"{phase}/{environment}/{number:04}/0"
    return Episode(name, task, "start", 0, (1,), segments, (), {}, "end", payout, outcome)


LABELS: tuple[Label, ...] = ("gamed", "honest", "evaded", "unclear")


def stored(folder: Path, *episodes: Episode) -> Path:
    with Store.create(folder, {}) as store:
        store.add_episodes(episodes)
    return folder


def mixed(environment: str, count: int = 40) -> list[Episode]:
    return [episode(environment, number, LABELS[number % 4]) for number in range(count)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return stored(tmp_path / "run", *mixed("early"), *mixed("late", 24))


def probe(checkpoint: Path, **options: Any) -> Probe:
    made = Plugins().monitor("probe", {"checkpoint": str(checkpoint), "environment": "early", **options})
    assert isinstance(made, Probe)
    return made


def verdicts(made: Probe, episodes: list[Episode]) -> list[Score]:
    return made.inspect([project(each, made.sees) for each in episodes])


def prepared(made: Probe, folder: Path) -> Probe:
    made.prepare(folder, folder, Silent())
    return made


def test_it_finds_on_one_environment_what_it_learned_on_another(tiny_checkpoint: Path, run: Path) -> None:
    made = prepared(probe(tiny_checkpoint), run)
    values = [each.value for each in verdicts(made, mixed("late", 24)) if isinstance(each, Measured)]
    gamed, other = values[0::2], values[1::2]
    assert len(values) == 24
    assert min(gamed) > max(other)
    assert all(0 <= value <= 1 for value in values)


def test_on_the_environment_that_it_learned_from_it_says_nothing(tiny_checkpoint: Path, run: Path) -> None:
    made = prepared(probe(tiny_checkpoint), run)
    assert set(verdicts(made, mixed("early"))) == {Unscored("the probe has learned from early")}


def test_it_can_learn_from_another_run(tiny_checkpoint: Path, run: Path, tmp_path: Path) -> None:
    empty = stored(tmp_path / "empty")
    made = prepared(probe(tiny_checkpoint, run=str(run)), empty)
    assert isinstance(verdicts(made, mixed("late", 4))[0], Measured)


def test_what_lies_between_is_not_learned_from(tiny_checkpoint: Path, tmp_path: Path) -> None:
    between = [episode("early", 100 + number, "attempted") for number in range(20)]
    plain = prepared(probe(tiny_checkpoint), stored(tmp_path / "a", *mixed("early")))
    more = prepared(probe(tiny_checkpoint), stored(tmp_path / "b", *mixed("early"), *between))
    late = mixed("late", 8)
    assert verdicts(plain, late) == verdicts(more, late)
    assert plain.tokens == more.tokens


@pytest.mark.parametrize("label", ["gamed", "honest"])
def test_too_few_of_a_kind_are_told_with_what_helps(tiny_checkpoint: Path, tmp_path: Path, label: Label) -> None:
    few = stored(tmp_path / "few", *(episode("early", number, label) for number in range(20)))
    with pytest.raises(MonitorError, match=r"gamed and .* other episodes of 'early'.*--set run=RUN"):
        prepared(probe(tiny_checkpoint), few)


def test_a_folder_without_a_model_is_told_with_what_to_name(run: Path, tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match=r"No language model.*--set checkpoint=RUN/checkpoints/STAGE"):
        prepared(probe(tmp_path), run)


def test_without_scikit_learn_it_says_what_to_install(
    tiny_checkpoint: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameable_oversight.monitors.probe.find_spec", lambda _: None)
    with pytest.raises(MonitorError, match=r"gameable\[probe\]"):
        prepared(probe(tiny_checkpoint), run)


def test_the_depth_chooses_the_layer(tiny_checkpoint: Path, run: Path) -> None:
    layers = [prepared(probe(tiny_checkpoint, depth=depth), run)._reader.layer for depth in (0.25, 0.6, 1.0)]
    assert layers == [0, 1, 2]


def test_the_state_is_the_mean_over_the_reply(tiny_checkpoint: Path, run: Path) -> None:
    import torch

    reader = prepared(probe(tiny_checkpoint), run)._reader
    shown = project(episode("late", 0, "honest"), "transcript")
    assert isinstance(shown, TranscriptView)
    tokens, begin = reader.tokens(shown)
    assert reader.tokenizer.decode(tokens[begin:]) == shown.transcript
    with torch.no_grad():
        states = reader.model.base_model(torch.tensor([tokens]), output_hidden_states=True).hidden_states
    wanted = states[1][0, begin:].mean(dim=0).numpy()
    assert reader.read(tokens, begin) == pytest.approx(wanted, abs=1e-6)


def test_what_was_read_before_changes_no_state(tiny_checkpoint: Path, run: Path) -> None:
    tokens = list(range(5, 40))
    others = [tokens[:20], [*tokens[:30], 3, 4], [9, 8], [*tokens, 7], tokens]
    fresh = prepared(probe(tiny_checkpoint), run)._reader.read(tokens, 4)
    reader = prepared(probe(tiny_checkpoint), run)._reader
    for other in others:
        reader.read(other, 1)
        assert reader.read(tokens, 4) == pytest.approx(fresh, abs=1e-6)


def test_what_an_episode_shares_with_the_one_before_is_read_once(tiny_checkpoint: Path, run: Path) -> None:
    reader, counts = prepared(probe(tiny_checkpoint), run)._reader, list[int]()
    reader.model.base_model.register_forward_pre_hook(lambda _, inputs: counts.append(inputs[0].numel()))
    for tail in ([1, 2, 3], [1, 4], [1, 4]):
        reader.read([*range(5, 40), *tail], 35)
    assert counts[1:] == [1, 1]


def test_tokens_are_counted_in_learning_and_in_looking(tiny_checkpoint: Path, run: Path) -> None:
    made = prepared(probe(tiny_checkpoint), run)
    learned = made.tokens
    verdicts(made, mixed("late", 4))
    assert made.tokens > learned > 0


def test_it_learns_the_same_every_time(tiny_checkpoint: Path, run: Path) -> None:
    one, other = (verdicts(prepared(probe(tiny_checkpoint), run), mixed("late", 8)) for _ in range(2))
    assert one == other
