"""Writes a run in a file format for other tools."""

from __future__ import annotations

from pathlib import Path

from gameable.plugins import Plugins
from gameable.progress import Progress
from gameable.store import Store


def export(plugins: Plugins, run: Path, form: str, out: Path, progress: Progress) -> list[Path]:
    """Write the run into the folder `out`, as far as it has got, and return the files; earlier ones are replaced.

    Raises:
        StoreError: the run cannot be read, or `out` not be written.
        PluginError: nobody offers the format, or a library that it needs is not installed.
    """
    write = plugins.export(form)
    with Store.open(run, write=False) as store:
        return list(write(store, out, progress))
