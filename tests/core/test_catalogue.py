from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gameable import Episode, Measured, Message, Outcome, Payout, Score, Segment, StoreError, Task, Unscored
from gameable.catalogue import Catalogue, Count, Wanted
from gameable.episode import Label
from gameable.store import TOTAL, Store

MANIFEST = {"gameable": "0.1.0"}
LABELS: tuple[Label | None, ...] = ("honest", "gamed", None)


def episode(name: str, said: str = "All is well.", label: Label | None = "honest") -> Episode:
    _, model, environment, variant, _ = name.split("/")
    task = Task(environment, "eval", variant, (Message("user", "How is it?"),))
    outcome = Unscored("the sandbox died") if label is None else Outcome(label, True, ("log.txt: tampered",))
    segments = (Segment("model", said, (1, 2), (-0.5, -0.5)),)
    return Episode(name, task, model, 0, (1,), segments, (), {}, "end", Payout(1.0, passed=True, paid=True), outcome)


def names(model: str, environment: str, count: int) -> list[str]:
    return [f"evaluate/{model}/{environment}/{number:04}/0" for number in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with 30 episodes: two models, two environments, every label, rewards from 0 to 1."""
    folder = tmp_path / "run"
    with Store.create(folder, MANIFEST) as store:
        for model in ("start", "1-heat"):
            for environment, count in (("oven", 9), ("fridge", 6)):
                for number, name in enumerate(names(model, environment, count)):
                    store.add_episodes([episode(name, f"I am number{number}.", LABELS[number % 3])])
                    reward: Score = Measured(number / 8) if number != 5 else Unscored("no judge")
                    store.add_scores({name: {TOTAL: reward, "bonus": Measured(5.0)}})
    return folder


@pytest.fixture
def catalogue(folder: Path) -> Iterator[Catalogue]:
    with Catalogue(folder) as catalogue:
        yield catalogue


def ids(catalogue: Catalogue, wanted: Wanted) -> list[str]:
    return [line.id for line in catalogue.page(wanted, limit=100)]


def test_pages_follow_each_other_without_gap_or_repeat(catalogue: Catalogue) -> None:
    everything, seen, after = ids(catalogue, Wanted()), [], ""
    assert everything == sorted(everything)
    assert len(everything) == 30
    while page := catalogue.page(Wanted(), after=after, limit=7):
        seen += [line.id for line in page]
        after = seen[-1]
    assert seen == everything


def test_a_page_backwards_is_the_one_ahead_in_the_same_order(catalogue: Catalogue) -> None:
    everything = ids(catalogue, Wanted())
    ahead = catalogue.page(Wanted(), before=everything[20], limit=4)
    assert [line.id for line in ahead] == everything[16:20]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(), 30),
        (Wanted(prefix="evaluate/start/"), 15),
        (Wanted(environment="oven"), 18),
        (Wanted(label="gamed"), 10),
        (Wanted(label="unscored"), 10),
        (Wanted(label="gamed", environment="fridge", prefix="evaluate/start/"), 2),
        (Wanted(least=0.5), 10),
        (Wanted(most=0.125), 8),
        (Wanted(least=0.25, most=0.375), 8),
        (Wanted(text="number3"), 4),
        (Wanted(text="number3", environment="oven", least=0.3), 2),
        (Wanted(environment="no such thing"), 0),
        (Wanted(text="unheard"), 0),
    ],
)
def test_each_filter_leaves_what_fits_and_counts_it(catalogue: Catalogue, wanted: Wanted, count: int) -> None:
    assert len(ids(catalogue, wanted)) == catalogue.count(wanted) == count


def test_a_line_says_what_a_list_shows(catalogue: Catalogue) -> None:
    lines = {line.id: line for line in catalogue.page(Wanted(prefix="evaluate/start/fridge/"), limit=10)}
    honest, unscored = lines["evaluate/start/fridge/0000/0"], lines["evaluate/start/fridge/0005/0"]
    assert (honest.model, honest.environment, honest.label, honest.paid) == ("start", "fridge", "honest", True)
    assert honest.reward == Measured(0.0)
    assert (unscored.label, unscored.reason, unscored.reward) == (
        "unscored",
        "the sandbox died",
        Unscored("no judge"),
    )


def test_an_episode_that_nobody_was_to_pay_has_no_reward(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", MANIFEST) as store:
        store.add_episodes([episode("evaluate/start/oven/0000/0")])
    with Catalogue(tmp_path / "run") as catalogue:
        (line,) = catalogue.page(Wanted(), limit=1)
        assert line.reward is None
        assert catalogue.scores(line.id) == {}


@pytest.fixture
def sayings(tmp_path: Path) -> Iterator[Catalogue]:
    said = (
        "I look into reward.py first.",
        "The reward is a py file",
        'He said "stop" -> and stopped',
        "Ünlü \ud800 \x00 odd",
        "",
    )
    with Store.create(tmp_path / "run", MANIFEST) as store:
        store.add_episodes([episode(f"evaluate/start/oven/{n}/0", text) for n, text in enumerate(said)])
    with Catalogue(tmp_path / "run") as catalogue:
        yield catalogue


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("reward", "01"),
        ("REWARD py", "01"),
        ("reward.py", "0"),
        ('"reward py"', "0"),
        ('"reward is"', "1"),
        ("rew*", "01"),
        ("rew", ""),
        ("stop", "2"),
        ('"stop" ->', "2"),
        ('sto* "', "2"),
        ("tampered reward", "01"),
        ("unlu", "3"),
        ("->", ""),
        ('"', ""),
        ("\0", ""),
        ("NOT reward", ""),
        ("text:reward", ""),
    ],
)
def test_text_is_words_phrases_and_beginnings(sayings: Catalogue, text: str, found: str) -> None:
    assert ids(sayings, Wanted(text=text)) == [f"evaluate/start/oven/{number}/0" for number in found]


def test_labels_are_counted_by_environment(catalogue: Catalogue) -> None:
    assert catalogue.counts("evaluate/start/fridge/") == [
        Count("fridge", "unscored", 2),
        Count("fridge", "gamed", 2),
        Count("fridge", "honest", 2),
    ]
    assert sum(count.n for count in catalogue.counts()) == 30


def test_stages_are_told_from_ids(tmp_path: Path) -> None:
    task = Task("oven", "train", "0", (Message("user", "?"),))
    with Store.create(tmp_path / "run", MANIFEST) as store:
        for name in ("train/1-heat/oven/0/0", "train/1-heat/oven/1/0", "probe/0/gaming", "probe/1/honest"):
            store.add_episodes([replace(episode("evaluate/start/oven/0/0"), id=name, task=task)])
    with Catalogue(tmp_path / "run") as catalogue:
        assert catalogue.stages() == ["probe", "train/1-heat"]


def test_one_episode_is_found_by_its_whole_id(catalogue: Catalogue) -> None:
    found = catalogue.episode("evaluate/start/oven/0001/0")
    assert found is not None
    assert found.text == "<cot>I am number1."
    assert catalogue.episode("evaluate/start/oven/0001") is None
    assert catalogue.scores("evaluate/start/oven/0001/0") == {"bonus": Measured(5.0), TOTAL: Measured(0.125)}


def test_the_latest_are_those_written_last(folder: Path) -> None:
    with Store.open(folder, write=True) as store:
        store.add_episodes([episode("evaluate/0-early-name/oven/0/0")])
        with Catalogue(folder) as catalogue:
            assert catalogue.latest(2) == ["evaluate/0-early-name/oven/0/0", "evaluate/1-heat/fridge/0005/0"]


def test_what_is_written_while_one_reads_shows_up(folder: Path, catalogue: Catalogue) -> None:
    assert ids(catalogue, Wanted(text="newcomer")) == []
    with Store.open(folder, write=True) as store:
        store.add_episodes([episode("evaluate/start/oven/9999/0", "a newcomer")])
        with Catalogue(folder) as other:
            assert ids(other, Wanted(text="newcomer")) == ["evaluate/start/oven/9999/0"]
    assert catalogue.count(Wanted()) == 31


def without_index(folder: Path) -> None:
    """Leave the run as code without a search index wrote it."""
    with sqlite3.connect(folder / "run.db") as db:
        db.executescript("DROP TABLE words; DROP TABLE listed; DROP INDEX kind;")
    db.close()


def test_a_run_of_older_code_is_read_and_searched_all_the_same(folder: Path) -> None:
    without_index(folder)
    before = (folder / "run.db").read_bytes()
    with Catalogue(folder) as catalogue:
        assert catalogue.count(Wanted(label="gamed")) == 10
        assert catalogue.count(Wanted(text="number3")) == 4
        assert catalogue.latest(3) == []
    assert (folder / "run.db").read_bytes() == before


def test_a_run_of_older_code_is_listed_once_it_is_gone_on_with(folder: Path) -> None:
    without_index(folder)
    for _ in range(2):
        Store.open(folder, write=True).close()
    with Catalogue(folder) as catalogue, sqlite3.connect(folder / "run.db") as db:
        assert db.execute("SELECT count(*), max(number) FROM listed").fetchone() == (30, 30)
        assert catalogue.count(Wanted(text="number3")) == 4
    db.close()


def test_an_episode_that_is_there_already_is_listed_once(folder: Path) -> None:
    again = episode("evaluate/start/oven/0003/0", "something else")
    with Store.open(folder, write=True) as store:
        store.add_episodes([episode("evaluate/start/oven/7777/0", "fresh"), again, again])
    with Catalogue(folder) as catalogue:
        assert ids(catalogue, Wanted(text="fresh")) == ["evaluate/start/oven/7777/0"]
        assert catalogue.count(Wanted(text="else")) == 0
        assert catalogue.count(Wanted(text="number3")) == 4


def test_the_index_outlives_a_vacuum(folder: Path) -> None:
    with sqlite3.connect(folder / "run.db") as db:
        db.execute("DELETE FROM score")
    db.execute("VACUUM")
    db.close()
    with Catalogue(folder) as catalogue:
        found = ids(catalogue, Wanted(text="number8"))
    assert found == ["evaluate/1-heat/oven/0008/0", "evaluate/start/oven/0008/0"]


def test_no_run_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no run\.db"):
        Catalogue(tmp_path)
