"""Benchmarks that nobody runs rot: the cheap ones run here in their quick form, the others as far as their imports."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

import run_all
import table
from claims import CLAIMS, Claim
from measure import Figure, in_turn, row, unmeasured

SCRIPTS = sorted({claim.script for claim in CLAIMS.values()})


def rows_of(script: str, out: Path) -> list[dict[str, Any]]:
    """Run a script in its quick form and return what it leaves."""
    command = [sys.executable, str(run_all.HERE / f"{script}.py"), "--quick", "--json", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    return rows


def test_the_store_is_measured(tmp_path: Path) -> None:
    rows = rows_of("store_appends", tmp_path / "rows.json")
    assert [each["name"] for each in rows] == ["store-bytes", "store-episodes"]
    assert all(each["ratio"] > 0 and each["n"] == 2 for each in rows)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_of_the_table_imports_what_is_there(script: str) -> None:
    assert callable(import_module(script).measure)


def test_arms_take_turns() -> None:
    done: list[str] = []

    def arm(name: str) -> float:
        done.append(name)
        return float(len(done))

    assert in_turn(lambda: arm("a"), lambda: arm("b"), 2) == [(1.0, 2.0), (3.0, 4.0)]
    assert done == ["a", "b", "a", "b"]


def test_a_row_holds_the_median_ratio_against_its_target() -> None:
    found = row(Figure("store-bytes", [(1.0, 2.0), (9.0, 10.0), (3.0, 1.0)], "kept"))
    assert {name: found[name] for name in ("name", "ratio", "target", "met", "n", "spread", "note")} == {
        "name": "store-bytes",
        "ratio": 0.9,
        "target": 0.8,
        "met": True,
        "n": 3,
        "spread": [0.5, 3.0],
        "note": "kept",
    }
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["python"]


@pytest.mark.parametrize(("bound", "met"), [("at least", [False, True, True]), ("at most", [True, True, False])])
def test_a_target_is_a_floor_or_a_ceiling(bound: Any, met: list[bool]) -> None:
    claim = Claim("", "", bound, 2.0, "")
    assert [claim.met(ratio) for ratio in (1.0, 2.0, 3.0)] == met


def test_what_could_not_be_measured_is_no_number() -> None:
    found = unmeasured("ppo", "no TRL here")
    assert (found["ratio"], found["met"], found["n"], found["note"]) == (None, None, 0, "no TRL here")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts, results and a README in place of the real one."""
    monkeypatch.setattr(run_all, "HERE", tmp_path)
    monkeypatch.setattr(run_all, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run_all, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    return tmp_path


def write_script(folder: Path, script: str, rows: str) -> None:
    (folder / f"{script}.py").write_text(f"import sys\nopen(sys.argv[2], 'w').write({rows!r})\n", encoding="utf-8")


def test_a_script_that_fails_leaves_its_reason_and_stops_no_other(elsewhere: Path) -> None:
    (elsewhere / "ppo.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    good = row(Figure("vllm-hf", [(4.0, 2.0)]))
    write_script(elsewhere, "vllm_hf", json.dumps([good]))
    run_all.main(only=["ppo", "vllm-hf"])
    kept = table.read(run_all.RESULTS)
    assert [(each["name"], each["ratio"]) for each in kept] == [("vllm-hf", 2.0), ("ppo", None)]
    assert "exit status 3" in kept[1]["note"]
    page = run_all.README.read_text(encoding="utf-8")
    assert page.startswith(f"before\n{table.BEGIN}\n| what |")
    assert page.endswith(f"{table.END}\nafter\n")
    assert "old" not in page
    assert "2 (n = 1) | **met**" in page


def test_rows_that_a_run_leaves_out_stay(elsewhere: Path) -> None:
    run_all.keep([row(Figure("ppo", [(1.0, 1.0)])), row(Figure("vllm-hf", [(1.0, 1.0)]))])
    run_all.keep([row(Figure("ppo", [(2.0, 1.0)]))])
    assert [(each["name"], each["ratio"]) for each in table.read(elsewhere / "results.json")] == [
        ("vllm-hf", 1.0),
        ("ppo", 2.0),
    ]


def test_a_quick_run_writes_nothing(elsewhere: Path) -> None:
    write_script(elsewhere, "ppo", json.dumps([row(Figure("ppo", [(1.0, 1.0)]))]))
    run_all.main(only=["ppo"], quick=True)
    assert not run_all.RESULTS.exists()
    assert "old" in run_all.README.read_text(encoding="utf-8")


def test_the_quickstart_runs_only_when_it_is_named() -> None:
    assert "quickstart" not in run_all.chosen([])
    assert run_all.chosen(["quickstart-time"]) == ["quickstart"]


def test_an_unknown_row_is_refused_with_the_known_ones() -> None:
    with pytest.raises(typer.BadParameter, match=r"no such row or script: pp\. Known: .*ppo"):
        run_all.chosen(["pp"])


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks the lines"):
        table.put_into(page, [])


def test_the_readme_shows_the_results_that_are_kept() -> None:
    rows = table.read(run_all.RESULTS)
    assert table.render(rows) in run_all.README.read_text(encoding="utf-8")
    assert all({"name", "ratio", "target", "met", "n", "machine", "versions"} <= set(each) for each in rows)
