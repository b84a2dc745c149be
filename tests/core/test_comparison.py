from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finished import run_of
from scipy.stats import binomtest

from gameable import StoreError, cli
from gameable.clustered import difference_interval, difference_p
from gameable.comparison import Comparison, Difference, compare, find_sides
from gameable.statistics import holm, mcnemar_p
from gameable.summaries import read
from gameable.summary import text

MANY, FEW = [4, 3, 4, 2, 4, 3] * 5, [0, 1, 0, 0, 1, 0] * 5


def compared(a: Path | str, b: Path | str) -> Comparison:
    return compare(*find_sides(str(a), str(b)))


def only(found: Comparison, environment: str, measure: str = "gamed") -> Difference:
    (row,) = [row for row in found.differences if (row.environment, row.measure) == (environment, measure)]
    return row


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: str = "0") -> str:
    with pytest.raises(SystemExit, match=status):
        cli.main([*arguments])
    shown = capsys.readouterr()
    return shown.err if status == "2" else shown.out


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return run_of(tmp_path / "a", {"1-heat": {"thermometer": FEW, "forbidden-oven": FEW}})


@pytest.fixture
def b(tmp_path: Path) -> Path:
    return run_of(tmp_path / "b", {"1-heat": {"thermometer": MANY, "forbidden-oven": FEW}})


# --- the numbers -----------------------------------------------------------------------------------------------------


def test_a_difference_is_that_of_the_second_from_the_first(a: Path, b: Path) -> None:
    row, back = only(compared(a, b), "thermometer"), only(compared(b, a), "thermometer")
    assert row.difference == pytest.approx((sum(MANY) - sum(FEW)) / 120)
    assert row.difference is not None
    assert row.low is not None
    assert row.high is not None
    assert back.difference == -row.difference
    assert 0 < row.low < row.difference < row.high


def test_variants_are_paired_and_their_samples_taken_together(a: Path, b: Path) -> None:
    row = only(compared(a, b), "thermometer")
    one, other = ({str(name): (events, 4) for name, events in enumerate(counts)} for counts in (FEW, MANY))
    assert (row.low, row.high) == pytest.approx(difference_interval(other, one))
    assert row.p == pytest.approx(difference_p(one, other), abs=0.001)
    assert row.test == "variants swapped"


def test_one_sample_a_variant_is_tested_by_mcnemar(tmp_path: Path) -> None:
    counts = [1] * 9 + [0] * 11, [0] * 8 + [1] * 2 + [0] * 10
    runs = [run_of(tmp_path / str(at), {"start": {"thermometer": each}}, samples=1) for at, each in enumerate(counts)]
    row = only(compared(*runs), "thermometer")
    assert row.test == "McNemar"
    assert row.p == pytest.approx(binomtest(1, 9).pvalue)


def test_mcnemar_is_exact_and_without_a_pair_that_differs_is_one() -> None:
    assert mcnemar_p(1, 9) == mcnemar_p(9, 1) == pytest.approx(binomtest(1, 10).pvalue)
    assert mcnemar_p(0, 0) == mcnemar_p(3, 3) == 1.0


def test_p_values_are_adjusted_for_all_tests_together(a: Path, b: Path) -> None:
    rows = [row for row in compared(a, b).differences if row.p is not None]
    assert len(rows) == 8
    assert [row.p_holm for row in rows] == holm([row.p for row in rows if row.p is not None])


def test_variants_of_one_side_only_are_left_out_of_both_rates(tmp_path: Path, a: Path) -> None:
    longer = run_of(tmp_path / "longer", {"1-heat": {"thermometer": [*FEW, 4, 4, 4]}})
    row = only(compared(a, longer), "thermometer")
    assert (row.variants, row.left_out, row.difference) == (30, 3, 0)
    assert (row.b.events, row.b.n, row.b.played) == (sum(FEW), 120, 120)


def test_below_the_engagement_floor_nothing_is_compared(tmp_path: Path, a: Path) -> None:
    idle = run_of(tmp_path / "idle", {"1-heat": {"thermometer": [0] * 30}}, engaged=False)
    row = only(compared(a, idle), "thermometer")
    assert (row.difference, row.p, row.p_holm) == (None, None, None)
    assert row.b.why == "too few engaged (0/120)"


# --- sides -----------------------------------------------------------------------------------------------------------


def test_two_models_of_one_run_are_compared(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", {"start": {"thermometer": FEW}, "2-heat": {"thermometer": MANY}})
    found = compared(f"{run}:start", run)
    assert (found.a, found.b) == (f"{run}:start", f"{run}:2-heat")
    assert only(found, "thermometer").p_runs is None


def test_a_model_is_not_compared_with_itself(a: Path) -> None:
    with pytest.raises(StoreError, match="are the same model. Name another run, or two models of this one"):
        compared(a, f"{a}:1-heat")


def test_a_model_that_was_not_measured_is_answered_with_those_that_were(a: Path, b: Path) -> None:
    with pytest.raises(StoreError, match="No model '2-heat' was measured in .*; measured there: 1-heat."):
        compared(a, f"{b}:2-heat")


def test_a_folder_with_a_colon_is_a_folder(tmp_path: Path, a: Path) -> None:
    odd = run_of(tmp_path / "at:noon", {"1-heat": {"thermometer": MANY}})
    assert compared(a, odd).b == f"{odd}:1-heat"


def test_runs_of_several_seeds_are_added_up_and_are_units_of_their_own(tmp_path: Path) -> None:
    for side, counts in (("a", FEW), ("b", MANY)):
        for seed in (1, 2, 3):
            run_of(tmp_path / side / f"seed-{seed}", {"1-heat": {"thermometer": counts}}, seed=seed)
        (tmp_path / side / "seeds.json").write_text("{}")
    row = only(compared(tmp_path / "a", tmp_path / "b"), "thermometer")
    assert (row.a.n, row.variants) == (360, 30)
    assert row.p_runs == pytest.approx(0.1)


def test_two_models_of_the_same_runs_are_no_groups_of_runs_to_exchange(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        counts = {"start": {"thermometer": FEW}, "1-heat": {"thermometer": MANY}}
        run_of(tmp_path / "a" / f"seed-{seed}", counts, seed=seed)
    (tmp_path / "a" / "seeds.json").write_text("{}")
    row = only(compared(f"{tmp_path / 'a'}:start", tmp_path / "a"), "thermometer")
    assert (row.a.n, row.p_runs) == (360, None)


def test_a_kept_summary_stands_for_its_run(tmp_path: Path, a: Path, b: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text(text(read(a)[0].data))
    assert compared(file, b).differences == compared(a, b).differences


def test_runs_that_share_no_environment_are_refused(tmp_path: Path, a: Path) -> None:
    other = run_of(
        tmp_path / "other",
        {"start": {"hot": FEW}},
        environments={"hot": {"use": "thermometer"}},
        evaluation={"environments": ["hot"], "variants": 4},
    )
    told = "share no environment: the one has thermometer, forbidden-oven; the other hot"
    with pytest.raises(StoreError, match=told):
        compared(a, other)


def test_runs_that_share_no_variant_are_refused(tmp_path: Path, a: Path) -> None:
    oven = run_of(tmp_path / "oven", {"1-heat": {"forbidden-oven": FEW}})
    thermometer = run_of(tmp_path / "thermometer", {"1-heat": {"thermometer": FEW}})
    with pytest.raises(StoreError, match="share no variant of thermometer, forbidden-oven"):
        compared(oven, thermometer)


def test_other_tasks_under_the_same_name_are_refused(tmp_path: Path, a: Path) -> None:
    short = run_of(tmp_path / "short", {"1-heat": {"thermometer": FEW}}, prompt="short")
    with pytest.raises(StoreError, match="play other tasks under the same names"):
        compared(a, short)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_what_is_shown_and_what_is_not_is_said_in_words(capsys: pytest.CaptureFixture[str], a: Path, b: Path) -> None:
    shown = " ".join(printed(capsys, "compare", str(a), str(b)).split())
    assert "thermometer, gamed: B shows it more often than A, +75.0 [" in shown
    assert "forbidden-oven, gamed: no difference is shown (p = 1.00 after Holm)" in shown
    assert "A: 120 of 120 scored, 120 engaged" in shown
    assert "takes two or more runs on each side" in shown


def test_what_cannot_be_said_has_its_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path, a: Path) -> None:
    idle = run_of(tmp_path / "idle", {"1-heat": {"thermometer": [0] * 30}}, engaged=False)
    shown = " ".join(printed(capsys, "compare", str(a), str(idle)).split())
    assert "thermometer, gamed: nothing can be said. B: too few engaged (0/120)." in shown
    assert "forbidden-oven, gamed: nothing can be said. No variant was measured on both sides." in shown


def test_other_conditions_are_named(tmp_path: Path, a: Path) -> None:
    cold = run_of(tmp_path / "cold", {"1-heat": {"thermometer": MANY}}, sampling={"temperature": 0.0}, finished=False)
    sampling, unfinished = compared(a, cold).notes
    assert sampling.startswith("The two also differ in sampling: temperature 1.0, max_tokens 200")
    assert unfinished.startswith("Not every run is finished")


def test_json_has_the_documented_fields(capsys: pytest.CaptureFixture[str], a: Path, b: Path) -> None:
    told: dict[str, Any] = json.loads(printed(capsys, "compare", str(a), str(b), "--json"))
    assert list(told) == ["a", "b", "differences", "notes", "sentences"]
    row = told["differences"][0]
    assert {"environment", "measure", "a", "b", "difference", "low", "high", "test", "p", "p_holm"} <= set(row)
    assert {"events", "n", "engaged", "scored", "played", "rate", "low", "high"} <= set(row["a"])


def test_a_folder_that_is_no_run_is_one_clear_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, a: Path
) -> None:
    assert "error: No run in" in printed(capsys, "compare", str(a), str(tmp_path / "none"), status="2")
