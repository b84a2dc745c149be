"""Commands that look at stored episodes again."""

from __future__ import annotations

from typing import Annotated

import typer

from gameable.cli._shared import AsJson, Options, PluginFiles, Run, print_json, stderr, stdout, stoppable
from gameable.discovery import read_file
from gameable.plugins import Plugins
from gameable.views import Access

app = typer.Typer()


@app.command()
def monitor(
    folder: Run,
    *,
    name: Annotated[
        str | None, typer.Option("--monitor", help="Name of a monitor to apply to stored episodes.", show_default=False)
    ] = None,
    options: Options = None,
    plugin: PluginFiles = None,
    access: Annotated[
        Access | None, typer.Option(help="The most it may see; as the profile says if left out.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Apply a monitor to stored episodes and print what it is worth; without one, what those are that have looked."""
    from gameable import monitor_command
    from gameable.detection_table import as_json as plain
    from gameable.inheritance import options as settings
    from gameable.runs import cache_folder
    from gameable.terminal import make_progress

    if name is None:
        found = monitor_command.stored(folder)
    else:
        plugins = Plugins(files=[read_file(path) for path in plugin or ()])
        chosen, cache, progress = settings(options or ()), cache_folder(), make_progress(stderr())
        with stoppable(folder, "the same command"):
            found = monitor_command.apply(plugins, folder, name, chosen, cache=cache, progress=progress, access=access)
    if as_json:
        print_json(plain(found))
    else:
        monitor_command.show(found, stdout())


@app.command()
def rescore(folder: Run, as_json: AsJson = False) -> None:
    """Compute rewards and judgements of stored episodes again, without sampling; nothing is overwritten."""
    from gameable import rescore_command
    from gameable.runs import cache_folder
    from gameable.terminal import make_progress

    with stoppable(folder, "the same command"):
        found = rescore_command.rescore(folder, cache=cache_folder(), progress=make_progress(stderr()))
    if as_json:
        print_json(rescore_command.as_json(found))
    else:
        rescore_command.show(found, stdout())
