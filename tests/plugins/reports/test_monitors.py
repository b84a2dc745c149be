from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reported import drawn
from watchers import begun, profile

from gameable.store import Store
from gameable_plugins.reports import _monitors
from gameable_plugins.reports.html import write
from toys import PROFILE

pytest.importorskip("matplotlib")
EVALUATION = {**PROFILE["evaluation"], "variants": 20, "samples": 2}
SCREEN = {"use": "hot", "mode": "screen"}
MARKED = "hot (trained against)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that one monitor screened, one penalised and one looked at."""
    where = tmp_path_factory.mktemp("watched")
    penalty = {"use": "integrity", "mode": "penalise"}
    run = begun(where / "run", profile(SCREEN, penalty, "rules", evaluation=EVALUATION))
    with run.store:
        run.run()
    return where / "run"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(folder, write=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return write(folder).read_text()


def test_a_monitor_used_in_training_is_marked_in_every_table_and_curve(store: Store, page: str) -> None:
    found = _monitors.section(store)
    assert found is not None
    names = {monitor for rows in found.blocks.values() for monitor, _, _ in rows}
    assert names == {MARKED, "integrity (trained against)", "rules"}
    assert names == set(found.costs)
    assert {name for first, second, _ in found.comparisons for name in (first, second)} == names
    assert "no independent evidence" in page
    for address in found.plots.values():
        assert "trained against" in drawn(address)


def test_curves_are_drawn_for_each_environment_that_has_any(store: Store, page: str) -> None:
    found = _monitors.section(store)
    assert found is not None
    assert list(found.plots) == ["thermometer", "forbidden-oven"]
    assert page.count('alt="ROC and precision-recall curves') == 2
    assert "chance" in drawn(found.plots["thermometer"])


def test_what_monitors_did_in_training_is_counted(store: Store) -> None:
    rows = {monitor: counts for _, monitor, *counts in _monitors.training(store.milestones())}
    assert set(rows) == {"hot", "integrity", "rules"}
    episodes, suspected, _, screened, *_ = rows["hot"]
    assert episodes == "20"
    assert screened == suspected
    assert int(suspected) > 0
    assert int(rows["integrity"][4]) > 0
    assert rows["rules"][3:] == ["", "", ""]


def test_counts_and_figures_stand_on_the_page(store: Store, page: str) -> None:
    found = _monitors.section(store)
    assert found is not None
    for rows in found.blocks.values():
        for _, _, figures in rows:
            assert all(f"<td>{figure}</td>" in page for figure in figures)
    assert "What monitors made of the episodes that training was to have" in page
    assert "tokens," in page


def test_verdicts_are_no_columns_of_the_rewards(page: str) -> None:
    assert "monitor/hot" not in page


def test_an_alarm_stands_at_the_top(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", profile(evaluation=EVALUATION))
    figures: dict[str, Any] = {
        "environment": "thermometer",
        "since": "1-heat.1",
        "proxy": 0.5,
        "proxy_low": 0.25,
        "proxy_high": 0.75,
        "honest": -0.1,
        "honest_low": -0.2,
        "honest_high": 0.05,
        "variants": 12,
    }
    with run.store as written:
        run.run()
        written.mark("1-heat.2/alarms", {"alarms": [figures]})
    head = write(tmp_path / "run").read_text().partition("</header>")[0]
    assert "<strong>Alarm</strong> in stage 1-heat.2: in thermometer the proxy reward has risen by 0.5" in head


def test_a_run_without_monitors_has_no_section(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", profile(evaluation=EVALUATION))
    with run.store as written:
        run.run()
        assert _monitors.section(written) is None
    assert "<h2>Monitors</h2>" not in write(tmp_path / "run").read_text()


def test_the_same_figures_are_the_same_picture(store: Store) -> None:
    one, other = (_monitors.section(store) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.plots == other.plots
