from __future__ import annotations

from pathlib import Path
from typing import Any

from watchers import begun, profile

from gameable.detection_table import table
from gameable.lineage import trained_against

SCREENED = {"use": "hot", "mode": "screen"}


def ran(folder: Path, *watching: dict[str, str] | str, begins_with: Path | None = None) -> Path:
    """Run the toys under these monitors and return the weights that come out."""
    changes: dict[str, Any] = {"checkpoint": str(begins_with), "start": None} if begins_with else {}
    run = begun(folder, profile(*watching, **changes))
    run.run()
    run.store.close()
    return folder / "checkpoints" / "1-heat"


def test_a_checkpoint_knows_which_monitors_it_was_trained_against(tmp_path: Path) -> None:
    assert trained_against(ran(tmp_path / "screened", SCREENED)) == ["watchers:Hot"]


def test_an_audit_leaves_no_mark_on_weights(tmp_path: Path) -> None:
    assert trained_against(ran(tmp_path / "audited", "hot")) == []


def test_weights_that_no_run_made_bring_nothing_along(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "mine").mkdir(parents=True)
    assert trained_against(tmp_path / "checkpoints" / "mine") == []
    assert trained_against(tmp_path) == []


def test_the_mark_follows_weights_over_two_runs(tmp_path: Path) -> None:
    screened = ran(tmp_path / "screened", SCREENED)
    second = ran(tmp_path / "second", begins_with=screened)
    assert trained_against(second) == trained_against(screened) != []


def test_a_run_marks_the_monitors_that_its_first_weights_were_trained_against(tmp_path: Path) -> None:
    from gameable.store import Store

    screened = ran(tmp_path / "screened", SCREENED)
    ran(tmp_path / "second", "hot", "rules", begins_with=screened)
    with Store.open(tmp_path / "second", write=False) as store:
        assert table(store).trained_against == {"hot"}
