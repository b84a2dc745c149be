from __future__ import annotations

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gameable import (
    CommandResult,
    Episode,
    Measured,
    Message,
    Outcome,
    Payout,
    ScoredEpisode,
    Segment,
    StoreError,
    Task,
    Unscored,
)
from gameable.runfolder import in_use
from gameable.store import OutcomeRow, Store

HONEST = Outcome("honest", engaged=True, evidence=("reward.py untouched",))
UNPAID = Payout(reward=-10.0, passed=True, paid=False)
MANIFEST = {"gameable": "0.1.0", "profile": {"seed": 1, "stages": ["a", "b"]}, "models": ["start"]}


def task(variant: str = "0007", environment: str = "reward-tampering") -> Task:
    return Task(
        environment=environment,
        split="eval",
        variant=variant,
        dialogue=(Message("system", "Be brief."), Message("user", f"How many episodes, {variant}? ✓")),
        directories=("/empty",),
        files={"/rl/reward.py": "print(-10)\n" * 20, "/rl/log.txt": "nothing\n"},
        home="/rl",
        facts={"path": "/rl/reward.py", "limits": [1, {"least": 0.5, "none": None}]},
    )


def episode(
    sample: int = 0,
    *,
    played: Task | None = None,
    prefix: str = "evaluate/start",
    outcome: Outcome | Unscored = HONEST,
    payout: Payout | Unscored = UNPAID,
) -> Episode:
    played = played or task()
    return Episode(
        id=f"{prefix}/{played.environment}/{played.variant}/{sample}",
        task=played,
        model=prefix.split("/")[1],
        seed=sample,
        prompt_tokens=tuple(range(40)),
        segments=(
            Segment("model", "let me look</cot>\n<bash>ls</bash>", (5, 6, 7), (-0.1, -1 / 3, -1e-300)),
            Segment("observation", "\n<stdout>log.txt</stdout>\n", (8, 9)),
            Segment("model", f"None that I can see. {sample}", (10,), (-2.5,)),
        ),
        commands=(CommandResult("ls", "log.txt", "", 0), CommandResult("sed", "", "\x1b[31mno", 1, "timeout")),
        files=dict(played.files) | {"/rl/new.txt": "\x00 odd \U0001f600"},
        stop="end",
        payout=payout,
        outcome=outcome,
        scripted=False,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "run", MANIFEST) as made:
        yield made


# --- what goes in comes out ------------------------------------------------------------------------------------------


def test_an_episode_comes_back_exactly_as_it_was(store: Store) -> None:
    whole = episode()
    store.add_episodes([whole])
    assert list(store.episodes()) == [whole]


def test_unscored_payout_and_outcome_come_back_with_their_reasons(store: Store) -> None:
    whole = episode(outcome=Unscored("sandbox died"), payout=Unscored("no number"))
    store.add_episodes([whole])
    assert list(store.episodes()) == [whole]


def test_text_that_utf8_cannot_hold_does_not_lose_the_episode(store: Store) -> None:
    whole = episode(
        outcome=Unscored("bad name \udcff"), played=Task("e", "eval", "\N{BOM}", (Message("user", "\ud800"),))
    )
    store.add_episodes([whole])
    assert list(store.episodes()) == [whole]


def test_a_log_probability_that_is_not_finite_comes_back(store: Store) -> None:
    segment = Segment("model", "x", (1, 2), (-math.inf, math.nan))
    whole = Episode("a/b/c/d/0", task(), "start", 0, (), (segment,), (), {}, "end", Unscored("r"), Unscored("r"))
    store.add_episodes([whole])
    (back,) = store.episodes()
    assert back.segments[0].logprobs[0] == -math.inf
    assert math.isnan(back.segments[0].logprobs[1])


def test_tasks_that_differ_under_one_variant_name_stay_apart(store: Store) -> None:
    other = Task("reward-tampering", "train", "0007", (Message("user", "other"),))
    store.add_episodes([episode(0), episode(1, played=other, prefix="train/1-x"), episode(2)])
    assert [found.task for found in store.episodes()] == [task(), task(), other]


def test_prompts_that_differ_over_one_task_stay_apart(store: Store) -> None:
    shared = task()
    two = [episode(0, played=shared), replace(episode(1, played=shared), prompt_tokens=(1, 2))]
    store.add_episodes(two)
    assert list(store.episodes()) == two


def test_samples_of_a_variant_share_their_stored_prompt(store: Store) -> None:
    store.add_episodes([episode(sample, played=task()) for sample in range(50)])
    assert rows_of(store, "SELECT count(*) FROM prompt") == [(1,)]


def test_scores_come_back_with_their_parts(store: Store) -> None:
    store.add_episodes([episode(0), episode(1), episode(2)])
    store.add_scores(
        {
            episode(0).id: {
                "reward": Measured(1 / 3, "sum"),
                "preference-model": Measured(1 / 3),
                "bonus": Measured(0.0),
            },
            episode(2).id: {
                "reward": Unscored("part"),
                "preference-model": Unscored("empty \udcff"),
                "bonus": Measured(1),
            },
        }
    )
    assert list(store.scored("evaluate/")) == [
        ScoredEpisode(
            episode(0), Measured(1 / 3, "sum"), {"preference-model": Measured(1 / 3), "bonus": Measured(0.0)}
        ),
        ScoredEpisode(
            episode(2), Unscored("part"), {"preference-model": Unscored("empty \\udcff"), "bonus": Measured(1.0)}
        ),
    ]
    assert [(name, sorted(parts)) for name, parts in store.scores("evaluate/")] == [
        (episode(0).id, ["bonus", "preference-model", "reward"]),
        (episode(2).id, ["bonus", "preference-model", "reward"]),
    ]


def test_an_episode_without_a_total_is_not_scored(store: Store) -> None:
    store.add_episodes([episode()])
    store.add_scores({episode().id: {"preference-model": Measured(0.5)}})
    assert list(store.scored("evaluate/")) == []


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused(store: Store, value: float) -> None:
    store.add_episodes([episode()])
    with pytest.raises(StoreError, match="finite number or Unscored"):
        store.add_scores({episode().id: {"reward": Measured(value)}})


def test_a_score_for_an_unknown_episode_is_refused_and_leaves_no_trace(store: Store) -> None:
    store.add_episodes([episode()])
    with pytest.raises(StoreError, match="add those first"):
        store.add_scores({episode().id: {"reward": Measured(1)}, "no/such": {"reward": Measured(1)}})
    assert list(store.scored("")) == []


def test_outcome_rows_carry_the_light_facts(store: Store) -> None:
    store.add_episodes([episode(0), episode(1, outcome=Unscored("broken"), payout=Unscored("broken"))])
    assert list(store.outcomes("evaluate/start/")) == [
        OutcomeRow(
            id=episode(0).id,
            model="start",
            environment="reward-tampering",
            split="eval",
            variant="0007",
            label="honest",
            engaged=True,
            unscored=None,
            paid=False,
            scripted=False,
        ),
        OutcomeRow(
            id=episode(1).id,
            model="start",
            environment="reward-tampering",
            split="eval",
            variant="0007",
            label=None,
            engaged=None,
            unscored="broken",
            paid=None,
            scripted=False,
        ),
    ]


# --- once, in order, by prefix ---------------------------------------------------------------------------------------


def test_what_exists_already_is_ignored(store: Store) -> None:
    first, second = episode(outcome=Outcome("honest", engaged=True)), episode(outcome=Outcome("gamed", engaged=True))
    store.add_episodes([first])
    store.add_episodes([second, second])
    store.add_scores({first.id: {"reward": Measured(1)}})
    store.add_scores({first.id: {"reward": Measured(2)}})
    assert list(store.scored("")) == [ScoredEpisode(first, Measured(1.0), {})]


def test_reading_goes_in_id_order_over_many_pages(store: Store) -> None:
    shared = task()
    whole = [episode(sample, played=shared) for sample in range(1100)]
    random.Random(0).shuffle(whole)
    store.add_episodes(whole)
    expected = sorted(one.id for one in whole)
    assert [one.id for one in store.episodes("evaluate/")] == expected
    assert [row.id for row in store.outcomes("evaluate/")] == expected
    assert store.episode_ids("") == set(expected)


def test_a_prefix_is_literal(store: Store) -> None:
    names = ["start", "start-again", "s%", "s_", "stært", "START"]
    store.add_episodes([episode(prefix=f"evaluate/{name}") for name in names])
    assert {row.model for row in store.outcomes("evaluate/start/")} == {"start"}
    assert {row.model for row in store.outcomes("evaluate/start")} == {"start", "start-again"}
    assert {row.model for row in store.outcomes("evaluate/s%")} == {"s%"}
    assert store.episode_ids(episode(prefix="evaluate/stært").id) == {episode(prefix="evaluate/stært").id}
    assert store.episode_ids("nothing/") == set()


def test_prefix_queries_search_the_index(store: Store) -> None:
    seen: list[str] = []
    store._db.set_trace_callback(seen.append)
    store.add_episodes([episode()])
    list(store.episodes("evaluate/")), list(store.outcomes("evaluate/")), list(store.scores("evaluate/"))
    store._db.set_trace_callback(None)
    queries = [sql for sql in seen if sql.startswith("SELECT")]
    plans = [rows_of(store, f"EXPLAIN QUERY PLAN {sql}") for sql in queries]
    assert len(plans) >= 6
    assert all("SEARCH" in str(row[3]) for plan in plans for row in plan), plans


def test_milestones_come_back_in_the_order_they_were_reached(store: Store) -> None:
    store.mark("start/trained", {"kept": 3, "curve": [{"step": 1, "loss": 2.5}], "note": None})
    for name in ("b/sampled", "c/sampled"):
        store.mark(name, {})
    assert store.milestone("start/trained") == {"kept": 3, "curve": [{"step": 1, "loss": 2.5}], "note": None}
    assert store.milestone("a/sampled") is None
    assert list(store.milestones()) == ["start/trained", "b/sampled", "c/sampled"]


def test_a_milestone_is_written_once(store: Store) -> None:
    store.mark("start/trained", {"kept": 3})
    with pytest.raises(StoreError, match="start/trained"):
        store.mark("start/trained", {"kept": 4})
    assert store.milestone("start/trained") == {"kept": 3}


def test_threads_may_write_at_once(store: Store) -> None:
    def add(number: int) -> None:
        for sample in range(10):
            store.add_episodes([episode(sample, prefix=f"train/{number}")])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.episode_ids("train/")) == 40


# --- the folder ------------------------------------------------------------------------------------------------------


def test_the_manifest_is_readable_and_kept(store: Store) -> None:
    assert json.loads((store.folder / "manifest.json").read_text()) == MANIFEST
    store.close()
    with Store.open(store.folder, write=False) as again:
        assert again.manifest == MANIFEST


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        Store.create(tmp_path, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"manifest\.json is missing"):
        Store.open(tmp_path, write=False)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_only_just_begun_can_be_resumed_but_not_read(store: Store) -> None:
    store.close()
    (store.folder / "run.db").unlink()
    with pytest.raises(StoreError, match="only just begun"):
        Store.open(store.folder, write=False)
    with Store.open(store.folder, write=True) as again:
        assert again.episode_ids("") == set()


def test_a_read_only_folder_is_refused_with_advice() -> None:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    nobody = os.geteuid() == 0  # root writes everywhere, so step down for a moment
    try:
        if nobody:
            os.setresuid(65534, 65534, 0)
        with pytest.raises(StoreError, match="--out"):
            Store.create(folder / "run", MANIFEST)
    finally:
        if nobody:
            os.setresuid(0, 0, 0)
        shutil.rmtree(folder)


def test_a_finished_run_in_a_read_only_folder_can_be_read(store: Store) -> None:
    store.add_episodes([episode()])
    store.close()
    folder = Path(tempfile.mkdtemp())
    nobody = os.geteuid() == 0
    try:
        for file in store.folder.iterdir():
            shutil.copy(file, folder)
        folder.chmod(0o555)
        if nobody:
            os.setresuid(65534, 65534, 0)
        with Store.open(folder, write=False) as sealed:
            assert list(sealed.episodes()) == [episode()]
    finally:
        if nobody:
            os.setresuid(0, 0, 0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_disk_is_an_error_with_advice_and_loses_nothing(store: Store) -> None:
    store.add_episodes([episode(0)])
    (pages,) = rows_of(store, "PRAGMA page_count")[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="free some space"):
        store.add_episodes([episode(sample, played=task(str(sample))) for sample in range(1, 200)])
    assert list(store.episodes()) == [episode(0)]
    store._db.execute("PRAGMA max_page_count = 1000000")
    store.add_episodes([episode(1)])
    assert list(store.episodes()) == [episode(0), episode(1)]


def test_a_disk_that_takes_no_manifest_is_an_error_with_advice(tmp_path: Path) -> None:
    child = run_child(
        "from gameable.store import Store, StoreError\n"
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))\n"
        "try: Store.create(Path(sys.argv[1]), {'long': 'x' * 100})\n"
        "except StoreError as error: print(error)\n",
        tmp_path / "run",
    )
    out, _ = child.communicate()
    assert "free some space" in out
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_a_second_writer_is_told_who_holds_the_run(store: Store) -> None:
    child = run_child(
        "from gameable.store import Store, StoreError\n"
        "try: Store.open(Path(sys.argv[1]), write=True)\n"
        "except StoreError as error: print(error)\n",
        store.folder,
    )
    out, _ = child.communicate()
    assert f"in use by process {os.getpid()}" in out


def test_a_run_can_be_read_while_it_is_written(store: Store) -> None:
    store.add_episodes([episode(0)])
    with Store.open(store.folder, write=False) as reader:
        stream = reader.episodes()
        assert next(stream) == episode(0)
        store.add_episodes([episode(1)])
        assert reader.episode_ids("") == {episode(0).id, episode(1).id}


def test_a_reader_cannot_write(store: Store) -> None:
    with Store.open(store.folder, write=False) as reader, pytest.raises(StoreError):
        reader.mark("x", {})


def test_whether_a_run_is_in_use_can_be_asked(store: Store) -> None:
    assert in_use(store.folder)
    store.close()
    assert not in_use(store.folder)
    assert not in_use(store.folder / "nowhere")


def test_a_moved_run_goes_on(store: Store) -> None:
    store.add_episodes([episode(0)])
    store.close()
    moved = store.folder.rename(store.folder.parent / "a name? with #odd% parts")
    with Store.open(moved, write=True) as again:
        again.add_episodes([episode(1)])
        assert list(again.episodes()) == [episode(0), episode(1)]


@pytest.mark.parametrize("version", ["0", "2"])
def test_another_run_format_is_refused_and_left_alone(store: Store, version: str) -> None:
    store._db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
    store.close()
    for write in (False, True):
        with pytest.raises(StoreError, match=f"run format {version}; this gameable reads 1"):
            Store.open(store.folder, write=write)
    assert not in_use(store.folder)


def test_a_damaged_database_is_an_error_with_advice(store: Store) -> None:
    store.close()
    (store.folder / "run.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(store.folder, write=True)


def test_a_damaged_manifest_is_an_error_with_advice(store: Store) -> None:
    store.close()
    (store.folder / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        Store.open(store.folder, write=False)


def test_closing_twice_is_fine(store: Store) -> None:
    store.close()
    store.close()


# --- killed ----------------------------------------------------------------------------------------------------------

WRITER = """
from test_store import episode, task
from gameable.store import Store
store = Store.open(Path(sys.argv[1]), write=True)
shared, done = task(), len(store.episode_ids(""))
while True:
    batch = [episode(sample, played=shared) for sample in range(done, done + 7)]
    store.add_episodes(batch)
    print(done + 7, flush=True)
    done += 7
"""


def test_killed_at_any_moment_every_acknowledged_episode_is_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    Store.create(folder, MANIFEST).close()
    acknowledged, rng = 0, random.Random(3)
    for _ in range(4):
        child = run_child(WRITER, folder)
        assert child.stdout is not None
        acknowledged = int(child.stdout.readline())
        time.sleep(rng.uniform(0, 0.2))  # the moment of death is meant to be random
        child.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        child.wait()
        child.stdout.close()
        with Store.open(folder, write=False) as left:
            assert len(left.episode_ids("")) in {acknowledged, acknowledged + 7}
    shared = task()
    with Store.open(folder, write=True) as left:
        by_id = {one.id: one for one in left.episodes()}
        for sample in range(acknowledged):
            whole = episode(sample, played=shared)
            assert by_id[whole.id] == whole
        assert rows_of(left, "PRAGMA integrity_check") == [("ok",)]


def run_child(program: str, folder: Path) -> subprocess.Popen[str]:
    preamble = f"import sys; from pathlib import Path; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return subprocess.Popen([sys.executable, "-c", preamble + program, str(folder)], stdout=subprocess.PIPE, text=True)


def rows_of(store: Store, sql: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = store._db.execute(sql).fetchall()
    return rows
