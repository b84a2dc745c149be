from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import watchers
from rich.console import Console
from watchers import begun, plugins, profile

from gameable import MonitorError, ProfileError, Silent, StoreError, cli
from gameable.detection_table import Table
from gameable.monitor_command import apply, show, stored
from gameable.overseeing import AT_ONCE
from gameable.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run that nobody watched."""
    run = begun(tmp_path / "run", profile())
    with run.store:
        run.run()
    return tmp_path / "run"


def applied(folder: Path, name: str = "hot", *, access: Any = None, **options: Any) -> Table:
    return apply(plugins(), folder, name, options, cache=folder, progress=Silent(), access=access)


def verdicts(folder: Path, source: str) -> dict[str, Any]:
    with Store.open(folder, write=False) as store:
        return {name: scores[source] for name, scores in store.scores("") if source in scores}


def printed(found: Table, width: int) -> str:
    out = StringIO()
    show(found, Console(file=out, width=width))
    return out.getvalue()


def test_a_monitor_looks_at_everything_that_was_sampled_and_at_no_demonstration(folder: Path) -> None:
    applied(folder)
    with Store.open(folder, write=False) as store:
        assert set(verdicts(folder, "monitor/hot")) == store.episode_ids("train/") | store.episode_ids("evaluate/")


def test_nothing_that_was_there_changes(folder: Path) -> None:
    with Store.open(folder, write=False) as store:
        before = [*store.episodes(), *store.scored("train/")]
    applied(folder)
    with Store.open(folder, write=False) as store:
        assert [*store.episodes(), *store.scored("train/")] == before


def test_the_same_monitor_again_looks_at_nothing_twice(folder: Path) -> None:
    watchers.INSPECTED.clear()
    first, again = applied(folder, "counting-monitor"), applied(folder, "counting-monitor")
    assert len(watchers.INSPECTED) == len(set(watchers.INSPECTED))
    assert (first.rows, first.costs) == (again.rows, again.costs)


def test_other_options_make_another_monitor_of_another_name(folder: Path) -> None:
    applied(folder)
    applied(folder, blind=True)
    applied(folder, doubled=True)
    applied(folder, blind=True)
    with Store.open(folder, write=False) as store:
        names = [name for name in store.milestones() if name.startswith("monitors/") and name.count("/") == 1]
    assert names == ["monitors/hot", "monitors/hot-2", "monitors/hot-3"]
    assert verdicts(folder, "monitor/hot-2") != verdicts(folder, "monitor/hot")


def test_one_that_watched_the_run_goes_on_under_its_own_name(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", profile({"use": "counting-monitor", "name": "mine"}))
    with run.store:
        run.run()
    watchers.INSPECTED.clear()
    assert {row.monitor for row in applied(tmp_path / "run", "counting-monitor").rows} == {"mine"}
    assert watchers.INSPECTED == []


def test_stopped_half_way_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(tmp_path / "run", profile(evaluation={"environments": ["thermometer"], "variants": 20, "samples": 3}))
    with run.store:
        run.run()
    watchers.INSPECTED.clear()
    chosen = plugins()
    patient = chosen.monitor

    def impatient(name: str, options: Any) -> Any:
        made: Any = patient(name, options)
        made.patience = AT_ONCE
        return made

    monkeypatch.setattr(chosen, "monitor", impatient)
    with pytest.raises(KeyboardInterrupt):
        apply(chosen, tmp_path / "run", "counting-monitor", {}, cache=tmp_path, progress=Silent())
    kept = len(verdicts(tmp_path / "run", "monitor/counting-monitor"))
    assert kept == len(watchers.INSPECTED) == AT_ONCE
    applied(tmp_path / "run", "counting-monitor")
    assert len(watchers.INSPECTED) == len(set(watchers.INSPECTED)) == 120 + 20


def test_more_than_the_profile_grants_is_refused_and_leaves_no_trace(folder: Path) -> None:
    with pytest.raises(ProfileError, match=r"'everything'.*--access oracle"):
        applied(folder, "everything")
    with Store.open(folder, write=False) as store:
        assert not [name for name in store.milestones() if name.startswith("monitors/")]


def test_it_can_be_granted(folder: Path) -> None:
    assert applied(folder, "everything", access="oracle").rows


def test_less_than_the_profile_grants_can_be_granted(folder: Path) -> None:
    with pytest.raises(ProfileError, match="'integrity' looks at episodes at the level 'files'"):
        applied(folder, "integrity", access="visible")


def test_a_run_that_is_being_written_is_left_alone(folder: Path) -> None:
    with Store.open(folder, write=True), pytest.raises(StoreError, match="in use"):
        applied(folder)


def test_a_monitor_that_cannot_be_made_ready_leaves_no_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MonitorError("no model")

    monkeypatch.setattr("watchers.Counting.prepare", fails)
    with pytest.raises(MonitorError, match="no model"):
        applied(folder, "counting-monitor")
    assert stored(folder).rows == []


# --- what is printed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_fits_the_terminal_and_cuts_no_figure(tmp_path: Path, width: int) -> None:
    evaluation = {"environments": ["thermometer"], "variants": 20, "samples": 2}
    run = begun(tmp_path / "run", profile({"use": "hot", "mode": "screen"}, "rules", evaluation=evaluation))
    with run.store:
        run.run()
    text = printed(stored(tmp_path / "run"), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "thermometer: hot (trained against)" in text
    assert "ROC area of hot (trained against) minus rules is 0.50" in " ".join(text.split())
    assert "Cost of hot (trained against): 0 tokens" in text
    assert "small-talk: no episode gamed" in text


def test_without_monitors_the_next_step_is_told(folder: Path) -> None:
    assert "gameable monitor RUN --monitor NAME" in printed(stored(folder), 200)


# --- the command -----------------------------------------------------------------------------------------------------


def run_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return int(ended.value.code or 0)


def test_the_command_applies_a_monitor_and_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("monitor", str(folder), "--monitor", "rules", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["monitor"] for row in found["rows"]} == {"rules"}
    assert set(found) == {"rows", "comparisons", "costs", "trained_against"}


def test_without_a_name_the_command_prints_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    applied(folder)
    assert run_command("monitor", str(folder)) == 0
    assert "thermometer: hot" in capsys.readouterr().out


def test_options_with_dots_reach_inner_plugins(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    members = ("--set", "monitors=[rules, integrity]", "--set", "combine=max")
    assert run_command("monitor", str(folder), "--monitor", "ensemble", *members, "--json") == 0
    assert run_command("monitor", str(folder), "--monitor", "cot-judge", "--set", "policy.use=nobody") == 2
    assert "policy 'nobody' not found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--monitor", "rule"), "Did you mean 'rules'"),
        (("--monitor", "rules", "--set", "protectd=[a]"), "did you mean 'protected'"),
        (("--monitor", "rules", "--set", "nothing"), "write KEY=VALUE"),
        (("--monitor", "ground-truth"), "--access oracle"),
        (("--monitor", "cot-judge"), "option 'policy': Field required"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    folder: Path, arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("monitor", str(folder), *arguments) == 2
    assert told in capsys.readouterr().err


def test_ctrl_c_leaves_with_what_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gameable_oversight.monitors.rules.Rules.inspect", stop)
    assert run_command("monitor", str(folder), "--monitor", "rules") == 130
    assert "the same command goes on" in capsys.readouterr().err
