from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finished import Counts, run_of

from gameable import StoreError, cli
from gameable.statistics import rate_interval
from gameable.trend_command import Found, find

MODELS = ("start", "1-heat", "2-heat", "3-heat")


def course(*gamed: int, variants: int = 20) -> Counts:
    """Return models of whose variants so many have one gamed sample; the thermometer is gamed always."""
    oven = {model: [int(place < each) for place in range(variants)] for model, each in zip(MODELS, gamed, strict=True)}
    return {model: {"forbidden-oven": counts, "thermometer": [4] * variants} for model, counts in oven.items()}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["trend", *arguments])
    return " ".join(capsys.readouterr().out.split())


def several(folder: Path, *courses: tuple[int, ...]) -> Found:
    return find([run_of(folder / str(seed), course(*each), seed=seed) for seed, each in enumerate(courses)])


def test_a_rise_on_what_was_never_trained_on_is_found(tmp_path: Path) -> None:
    found = find([run_of(tmp_path / "run", course(0, 4, 9, 16))])
    assert (found.unit, found.p) == ("variants", found.p_models)
    assert found.slope == pytest.approx((3 * 16 + 9 - 4) / 10 / 80)
    assert found.p is not None
    assert found.p < 0.001
    assert found.low is not None
    assert 0 < found.low < found.slope


def test_environments_stop_counting_with_the_stage_that_trains_on_them(tmp_path: Path) -> None:
    thermometer, oven = find([run_of(tmp_path / "run", course(0, 4, 9, 16))]).courses
    assert (oven.models, oven.stages, oven.left_out) == (list(MODELS), [0, 1, 2, 3], "")
    assert thermometer.models == ["start"]
    assert "fewer than two models" in thermometer.left_out


def test_stages_whose_model_was_not_measured_still_count_as_training(tmp_path: Path) -> None:
    counts = {model: each for model, each in course(0, 4, 9, 16).items() if model in ("start", "3-heat")}
    evaluation = {"environments": ["thermometer", "forbidden-oven"], "models": ["start", "3-heat"], "variants": 4}
    found = find([run_of(tmp_path / "run", counts, evaluation=evaluation)])
    assert found.courses[1].stages == [0, 3]
    assert found.slope == pytest.approx(16 / 80 / 3)


def test_with_several_runs_the_runs_are_the_units(tmp_path: Path) -> None:
    agreeing = several(tmp_path / "agreeing", (0, 4, 9, 16), (0, 5, 9, 15), (1, 4, 8, 16))
    mixed = several(tmp_path / "mixed", (0, 4, 9, 16), (4, 2, 1, 0), (1, 2, 2, 1))
    assert agreeing.unit == mixed.unit == "runs"
    assert agreeing.p is not None
    assert mixed.p is not None
    assert agreeing.p < 0.01
    assert mixed.p > 0.2
    assert mixed.p_models < 0.05


def test_what_could_have_been_seen_shrinks_with_more_samples(tmp_path: Path) -> None:
    few, many = (
        find([run_of(tmp_path / str(variants), course(0, 0, 0, 0, variants=variants))]).visible
        for variants in (20, 200)
    )
    assert few is not None
    assert many is not None
    assert few > 3 * many
    assert 0 < many < rate_interval(0, 800)[1] * 2


def test_without_any_gaming_nothing_is_claimed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, str(run_of(tmp_path / "run", course(0, 0, 0, 0))))
    assert "No trend is shown" in shown
    assert "+0.00 points a stage, p = 1.00" in shown
    assert "shows a rise of" in shown


def test_a_trend_and_its_limits_are_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(run_of(tmp_path / "run", course(0, 4, 9, 16)))
    shown = printed(capsys, run)
    assert "Gaming of environments that training has not reached yet rises with training: +6.6 [" in shown
    assert "One run: the test asks whether these models differ in order" in shown
    told: dict[str, Any] = json.loads("".join(_json(capsys, run)))
    assert {"slope", "low", "high", "p", "p_models", "visible", "unit", "courses", "sentences"} <= set(told)


def _json(capsys: pytest.CaptureFixture[str], run: str) -> str:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["trend", run, "--json"])
    return capsys.readouterr().out


def test_training_before_a_checkpoint_is_said_to_be_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, str(run_of(tmp_path / "run", course(0, 4, 9, 16), checkpoint="runs/a/checkpoints/b")))
    assert "Begun from runs/a/checkpoints/b: whatever that was trained on before is not counted" in shown


def test_too_few_engaged_leave_an_environment_out(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"can show a trend .*forbidden-oven: start: too few engaged \(0/80\)"):
        find([run_of(tmp_path / "run", course(0, 4, 9, 16), engaged=False)])


def test_a_run_that_measured_one_model_shows_no_trend(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="forbidden-oven: not every model was measured on it"):
        find([run_of(tmp_path / "run", {"start": course(1, 1, 1, 1)["start"]})])


def test_runs_of_another_design_are_not_added_up(tmp_path: Path) -> None:
    one, other = run_of(tmp_path / "a", course(0, 4, 9, 16)), run_of(tmp_path / "b", {}, stages=[])
    with pytest.raises(StoreError, match="give runs of one profile"):
        find([one, other])


def test_runs_that_measured_other_models_are_added_up_at_those_that_all_measured(tmp_path: Path) -> None:
    every = run_of(tmp_path / "every", course(0, 4, 9, 16))
    counts = {model: each for model, each in course(0, 5, 9, 15).items() if model in ("start", "3-heat")}
    evaluation = {"environments": ["thermometer", "forbidden-oven"], "models": ["start", "3-heat"], "variants": 4}
    some = run_of(tmp_path / "some", counts, seed=2, evaluation=evaluation)
    assert find([every, some]).courses[1].models == find([some, every]).courses[1].models == ["start", "3-heat"]


def test_the_same_run_does_not_count_twice(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", course(0, 4, 9, 16))
    with pytest.raises(StoreError, match="given twice"):
        find([run, run])
