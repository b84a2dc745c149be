from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished import run_of
from reported import page, prose, section

from gameable import StoreError
from gameable.store import Store
from gameable_plugins.reports.html import write

MANY, FEW = [4, 3, 4, 2] * 5, [0, 1, 0, 0] * 5


def tried(where: Path, run: Path, *names: str, missing: tuple[str, ...] = ()) -> Path:
    """Make a folder in which mitigations of a run were tried, each of which helped with the thermometer."""
    runs = {}
    for name in ("before", *names):
        model, gamed = ("start", MANY) if name == "before" else ("1-heat", FEW)
        measured = {"environments": ["thermometer", "forbidden-oven"], "models": [model], "variants": 4}
        run_of(where / name, {model: {"thermometer": gamed, "forbidden-oven": MANY}}, evaluation=measured)
        with Store.open(where / name, write=False) as store:
            runs[name] = store.manifest["profile"]
    told = {"run": str(run), "runs": {**runs, **dict.fromkeys(missing, runs["before"])}}
    (where / "mitigations.json").write_text(json.dumps(told))
    return where


def links(folder: Path) -> list[str]:
    return [str(attributes["href"]) for tag, attributes in page(folder).tags if tag == "a"]


def test_a_folder_of_mitigations_has_a_report_and_so_has_each_of_them(tmp_path: Path) -> None:
    folder = tried(tmp_path / "tried", tmp_path / "run", "cool", "cooler")
    assert write(folder) == folder / "report.html"
    told = section(folder, "What they did")
    assert "thermometer cool yes 65/80" in told
    assert "cooler yes 65/80" in told
    assert "p is adjusted for 4 tests" in told
    assert links(folder) == [f"{name}/report.html" for name in ("before", "cool", "cooler")]
    assert all((folder / link).is_file() for link in links(folder))


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    folder = tried(tmp_path / "tried", tmp_path / "run", "cool", missing=("cold",))
    write(folder)
    assert "stopped not measured yet: cold" in prose(folder)


def test_a_folder_in_which_nothing_has_begun_says_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "mitigations.json").write_text('{"run": "/runs/first", "runs": {"before": {}}}')
    with pytest.raises(StoreError, match=f"None of the runs in {tmp_path} has begun; `gameable resume {tmp_path}`"):
        write(tmp_path)


def test_a_run_shows_the_mitigations_that_lie_beside_it(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {"1-heat": {"thermometer": MANY}})
    folder = tried(tmp_path / "tried", run, "cool")
    write(folder)
    write(run)
    told = section(run, "Mitigations that were tried on it")
    assert "thermometer cool yes 65/80" in told
    assert links(run) == ["../tried/before/report.html", "../tried/cool/report.html"]
    assert all((run / link).is_file() for link in links(run))


def test_a_run_does_not_show_those_of_others_or_what_cannot_be_read(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {"1-heat": {"thermometer": MANY}})
    tried(tmp_path / "tried", tmp_path / "another", "cool")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "mitigations.json").write_text("{")
    write(run)
    assert "Mitigations that were tried" not in prose(run)
