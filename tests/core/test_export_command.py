from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gameable import ExportOffer, Progress, Silent, hookimpl
from gameable.export_command import export
from gameable.plugins import Plugins
from gameable.runfolder import whole
from gameable.store import Store
from toys import TOYS


def count(store: Store, folder: Path, progress: Progress) -> list[Path]:
    """Write how many episodes there are."""
    with whole(folder / "count.txt") as draft:
        draft.write_text(str(len(store.episode_ids(""))))
    return [folder / "count.txt"]


class Counting:
    @hookimpl
    def gameable_exports(self) -> Iterable[ExportOffer]:
        yield ExportOffer(name="count", summary="One number.", factory=f"{__name__}:count")


def test_a_format_of_another_distribution_is_written(tmp_path: Path) -> None:
    Store.create(tmp_path / "run", {"gameable": "0.1.0"}).close()
    plugins = Plugins()
    plugins.register(Counting(), TOYS)
    (file,) = export(plugins, tmp_path / "run", "count", tmp_path / "out", Silent())
    assert file.read_text() == "0"
    assert {row.name for row in plugins.rows() if row.kind == "export"} == {"count", "inspect", "jsonl", "parquet"}
