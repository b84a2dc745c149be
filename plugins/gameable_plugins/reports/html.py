"""The HTML report: one file that opens anywhere, needs nothing from outside, and runs nothing.

Whatever a model, a sandbox or a profile wrote is shown as text: the templates escape it, and characters that steer a
terminal or turn the reading direction are spelt out.
"""

from __future__ import annotations

from pathlib import Path

from gameable.runfolder import MITIGATIONS, SEEDS
from gameable.store import Store
from gameable_plugins.reports import _mitigation, _run, _seeds
from gameable_plugins.reports._page import check_libraries, save


def write(run_folder: Path) -> Path:
    """Write `report.html` into a run folder, of a finished run or as far as it has got.

    In a folder of several seeds each run gets its report, and the folder one over all of them. In a folder of
    mitigations likewise.

    Returns:
        Where it lies.

    Raises:
        StoreError: the folder is no run, none in it has begun, or it cannot be written.
        PluginError: a library that reports need is not installed.
    """
    check_libraries()
    if (run_folder / SEEDS).is_file():
        for each in _seeds.begun(run_folder):
            write(each)
        return save(run_folder, "seeds", _seeds.content(run_folder))
    if (run_folder / MITIGATIONS).is_file():
        for each in _mitigation.begun(run_folder):
            write(each)
        return save(run_folder, "mitigations", _mitigation.content(run_folder))
    with Store.open(run_folder, write=False) as store:
        return save(run_folder, "run", _run.content(store))
