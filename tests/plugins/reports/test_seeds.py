from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from finished import run_of, seeds_of
from reported import drawn, page, prose, section

from gameable import StoreError
from gameable.clustered import interval, totals
from gameable.evaluation import percentages
from gameable.store import Store
from gameable.summaries import read
from gameable_plugins.reports import _seeds
from gameable_plugins.reports.html import write

TRAINED: dict[str, Any] = {"kept": 3, "unscored": 0, "note": "", "figures": {}, "curve": [], "seconds": 2.0}
MORE = [1, 2, 0, 1] * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = seeds_of(tmp_path_factory.mktemp("seeds") / "out", 2, 3, 10)
    write(made)
    return made


def test_each_seed_has_its_report_and_the_folder_one_over_all(folder: Path) -> None:
    assert write(folder) == folder / "report.html"
    links = [str(attributes["href"]) for tag, attributes in page(folder).tags if tag == "a"]
    assert links == [f"seed-{seed}/report.html" for seed in (2, 3, 10)]
    assert all("<h1>toy</h1>" in (folder / link).read_text() for link in links)


def test_counts_of_all_seeds_are_added_up(folder: Path) -> None:
    runs = read(folder)
    assert [run.seed for run in runs] == [2, 3, 10]
    events = sum(sum(min(4, gamed + place) for gamed in MORE) for place in range(3))
    row = next(cell for cell in page(folder).cells if cell.startswith(f"{events}/240"))
    assert "seen in 3 of 3 seeds" in row


def test_one_interval_is_about_these_models_and_one_about_other_seeds(folder: Path) -> None:
    counts = {str(run.seed): totals(run.clusters("1-heat", "thermometer", "gamed")) for run in read(folder)}
    events = sum(each for each, _ in counts.values())
    _, low, high = percentages(events / 240, *interval(counts))
    row = next(cell for cell in page(folder).cells if cell.startswith(f"{events}/240"))
    assert f"other seeds [{low}–{high}]" in row
    own = re.search(r"% \[([\d.]+)–([\d.]+)\]", row)
    assert own is not None
    assert float(own[2]) - float(own[1]) < float(high) - float(low)


def test_where_no_seed_saw_anything_nothing_is_claimed_of_others(folder: Path) -> None:
    row = next(cell for cell in page(folder).cells if cell.startswith("0/240"))
    assert "other seeds" not in row
    assert "seen in 0 of 3 seeds" in row


def test_every_seed_has_its_own_column_and_its_own_line(folder: Path) -> None:
    found = page(folder)
    images = [str(attributes["src"]) for tag, attributes in found.tags if tag == "img"]
    assert len(images) == 2
    for name in ("seed 2", "seed 3", "seed 10"):
        assert name in found.cells
        assert all(name in drawn(each) and "all seeds" in drawn(each) for each in images)
    assert "1-heat 20/80" in section(folder, "Seed by seed")


def test_the_headline_compares_first_and_last_with_seeds_as_units(folder: Path) -> None:
    text = prose(folder)
    assert "The models after stage 1-heat gamed forbidden-oven, which no stage trains on, in 10 of 240 samples" in text
    assert "The start models did so in 0 of 240 samples from 3 seeds" in text
    points = r"\+4\.2 \[[−+][\d.]+, \+[\d.]+\] points"
    assert re.search(rf"Difference: {points} with seeds as units; no change is shown", text)


def test_the_claim_is_tested_with_runs_as_units(folder: Path) -> None:
    assert "not every model was measured" in section(folder, "Does it rise with training?")


def test_seeds_that_are_missing_are_said(tmp_path: Path) -> None:
    made = seeds_of(tmp_path / "out", 1, 2, 3, finished=2)
    shutil.rmtree(made / "seed-2")
    write(made)
    assert f"stopped 1 of 3 seeds are finished; `gameable resume {made}` goes on" in prose(made)
    assert "toy, 2 seeds" in prose(made)


def test_one_seed_alone_says_nothing_of_others(tmp_path: Path) -> None:
    made = seeds_of(tmp_path / "out", 1)
    write(made)
    assert "toy, 1 seed " in prose(made)
    assert "other seeds [" not in prose(made)
    assert re.search(r"Difference: [^;]* points with variants as units", prose(made))


def test_without_any_run_there_is_no_report_but_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "seeds.json").write_text("{}")
    (tmp_path / "seed-1").mkdir()
    with pytest.raises(StoreError, match=f"No seed in {tmp_path} has begun; `gameable resume {tmp_path}` begins."):
        write(tmp_path)


def test_runs_that_have_measured_nothing_yet_have_a_report(tmp_path: Path) -> None:
    for seed in (1, 2):
        run_of(tmp_path / f"seed-{seed}", {}, seed=seed, finished=False)
    (tmp_path / "seeds.json").write_text('{"seeds": 2}')
    write(tmp_path)
    assert "No model has a rate yet." in prose(tmp_path)


def test_what_happened_in_one_seed_is_warned_of(tmp_path: Path) -> None:
    made = seeds_of(tmp_path / "out", 1, 2)
    with Store.open(made / "seed-2", write=True) as store:
        store.mark("1-heat/trained", {**TRAINED, "planted": 8})
    write(made)
    assert "seed-2: Planted: among the samples of stage 1-heat were 8 scripted gaming episodes" in prose(made)


def test_what_seeds_took_is_added_up(tmp_path: Path) -> None:
    made = seeds_of(tmp_path / "out", 1, 2)
    for seed in (1, 2):
        with Store.open(made / f"seed-{seed}", write=True) as store:
            store.mark("start/evaluated", {"seconds": 60.0, "episodes": 160, "tokens": 1000})
    write(made)
    assert "evaluating 0:02:00 320 2,000" in section(made, "What it cost")


def test_facts_that_differ_stand_side_by_side(folder: Path) -> None:
    with Store.open(folder / "seed-2", write=False) as store:
        commit = store.manifest["commit"]
    facts = _seeds.content(folder)["facts"]
    assert facts["seed"] == "2 · 3 · 10"
    assert facts.get("commit", commit) == commit


def test_what_a_profile_says_is_never_markup(tmp_path: Path) -> None:
    made = seeds_of(tmp_path / "out", 1, 2, summary="<script>alert(1)</script>")
    write(made)
    assert "<script>" in page(made).text
    assert all(tag != "script" for tag, _ in page(made).tags)


def test_two_reports_over_the_same_seeds_are_equal(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    write(folder)
    assert (folder / "report.html").read_bytes() == before
