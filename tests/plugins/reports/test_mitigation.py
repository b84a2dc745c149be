from __future__ import annotations

import json
import re
from pathlib import Path

from finished import run_of

from gameable.store import Store
from gameable_plugins.reports.html import write

MANY, FEW = [4, 3, 4, 2] * 5, [0, 1, 0, 0] * 5


def suite(folder: Path) -> Path:
    """Make a folder in which a mitigation was tried: the thermometer is gamed less, the oven as before."""
    counts = {"before": ("start", MANY), "cool": ("1-heat", FEW)}
    runs = {}
    for name, (model, gamed) in counts.items():
        measured = {"environments": ["thermometer", "forbidden-oven"], "models": [model], "variants": 4}
        run_of(folder / name, {model: {"thermometer": gamed, "forbidden-oven": MANY}}, evaluation=measured)
        with Store.open(folder / name, write=False) as store:
            runs[name] = store.manifest["profile"]
    (folder / "mitigations.json").write_text(json.dumps({"run": "/runs/first", "runs": runs}))
    return folder


def test_the_report_of_a_mitigation_has_before_and_after(tmp_path: Path) -> None:
    page = write(suite(tmp_path / "out") / "cool").read_text()
    section = re.sub(r"<[^>]+>|\s+", " ", page.partition("What this mitigation did")[2].partition("</section>")[0])
    row = re.sub(" +", " ", section)
    assert "the last model of /runs/first" in row
    interval = r"\[[\d.]+–[\d.]+\]"
    assert re.search(rf"thermometer yes 65/80 81.2 % {interval} 5/80 6.2 % {interval} −75.0 \[", row)
    assert re.search(rf"forbidden-oven no 65/80 81.2 % {interval} 65/80 81.2 % {interval} \+0.0 \[", row)
    assert "the model after cool shows it less often than the model before" in row
    assert "No change is shown in the other row" in row


def test_other_reports_have_no_such_section(tmp_path: Path) -> None:
    folder = suite(tmp_path / "out")
    assert "What this mitigation did" not in write(folder / "before").read_text()
    assert "What this mitigation did" not in write(run_of(tmp_path / "alone", {})).read_text()
