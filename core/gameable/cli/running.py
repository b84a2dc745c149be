"""Commands that run and train."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gameable.cli._shared import (
    Options,
    Overrides,
    PluginFiles,
    Run,
    print_json,
    setting,
    stderr,
    stdout,
    stoppable,
)
from gameable.cli.reading import mitigations as show_mitigations
from gameable.cli.reading import report
from gameable.discovery import read_file
from gameable.errors import PluginError
from gameable.on_ray.option import Ray, RayCommand
from gameable.plugins import Plugins

if TYPE_CHECKING:
    from rich.console import Console

    from gameable.mitigations import Suite
    from gameable.profile import Profile

app = typer.Typer()


@app.command(cls=RayCommand)
def run(
    profile: Annotated[str, typer.Argument(help="Name of a profile, or a .yaml file.", show_default=False)],
    *,
    overrides: Overrides = None,
    plugin: PluginFiles = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; must be new or empty.", show_default=False)] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs to make, each from a seed of its own.", min=1, show_default=False)
    ] = None,
    finished: Annotated[
        Path | None, typer.Option("--from", help="Finished run that the profile's mitigations are tried on.")
    ] = None,
    ray: Ray = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and print the plan, no more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON.")] = False,
    gpu_price: Annotated[float, typer.Option(help="With --dry-run: dollars an hour of one GPU.", min=0)] = 2.0,
) -> None:
    """Run a profile: train stage by stage, evaluate every model, report."""
    from gameable import seeds as several
    from gameable.assembly import plugins_of
    from gameable.mitigations import read as mitigations_of
    from gameable.profile_reading import read
    from gameable.terminal import make_progress

    console = stderr()
    overridden = [*(overrides or ()), *([f"seeds={seeds}"] if seeds else ())]
    files = [read_file(path) for path in plugin or ()]
    if finished is not None:
        suite = mitigations_of(profile, finished, overridden, files)
        _mitigate(suite, out, ray, gpu_price if dry_run else None, as_json=as_json)
        return
    chosen = read(profile, overridden, files)
    plugins = plugins_of(chosen)
    _show_plan(chosen, plugins, gpu_price, details=dry_run, as_json=dry_run and as_json)
    if dry_run:
        return
    folder = _folder(out, chosen.name, console)
    _conclude_all(folder, several.start(chosen, plugins, folder, make_progress(console), ray))


def _folder(out: Path | None, name: str, console: Console) -> Path:
    folder = out or Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    console.print(f"Run folder: {folder}. Stop at any time with Ctrl-C; `gameable resume {folder}` goes on.")
    return folder


def _mitigate(suite: Suite, out: Path | None, ray: str | None, price: float | None, *, as_json: bool) -> None:
    """Try mitigations on a finished run; with a price of GPU-hours, only say what that means."""
    from gameable import mitigations, mitigations_command
    from gameable.assembly import plugins_of
    from gameable.terminal import make_progress

    plugins = plugins_of(suite.profile)
    planned = mitigations.profiles(suite, plugins)
    if price is not None and as_json:
        print_json(mitigations_command.plan_as_json(planned, plugins, price))
        return
    mitigations_command.show_plan(planned, plugins, stderr())
    if price is None:
        folder = _folder(out, suite.name, stderr())
        _conclude_mitigations(folder, mitigations.start(suite, plugins, folder, make_progress(stderr()), ray))


def _conclude_mitigations(folder: Path, ended: Iterable[Path]) -> None:
    """Let the runs go on, then show what came out: what they say is adjusted for all of them."""
    from gameable.runfolder import lasting

    with stoppable(folder):
        list(ended)
    with lasting(folder):
        show_mitigations(folder)
        _report(folder, f"gameable mitigations {folder} --json")


def _show_plan(profile: Profile, plugins: Plugins, gpu_price: float, *, details: bool, as_json: bool) -> None:
    """Check that the profile can be run, and say what that means."""
    from gameable import describe, runs
    from gameable.assembly import assemble
    from gameable.cost import estimate

    cache = runs.cache_folder()
    cost = estimate(profile, assemble(profile, plugins), cache)
    if as_json:
        print_json(describe.as_json(profile, cost, gpu_price, cache))
        return
    describe.plan(profile, cost, cache, stderr())
    if details:
        describe.costs(cost, gpu_price, stderr())


@app.command(cls=RayCommand)
def resume(folder: Run, *, ray: Ray = None) -> None:
    """Go on with a run where it was stopped."""
    from gameable import mitigations, seeds
    from gameable.runfolder import MITIGATIONS
    from gameable.terminal import make_progress

    progress = make_progress(stderr())
    if (folder / MITIGATIONS).is_file():
        _conclude_mitigations(folder, mitigations.resume(folder, progress, ray))
        return
    _conclude_all(folder, seeds.resume(folder, progress, ray))


def _conclude_all(folder: Path, ended: Iterable[Path]) -> None:
    """Show what came out of each run when it ends, and report over all of them where there are several."""
    from gameable.runfolder import SEEDS, lasting

    with stoppable(folder):
        for each in ended:
            with lasting(each):
                _conclude(each)
    if (folder / SEEDS).is_file():
        _report(folder, f"gameable trend {folder}")


def _conclude(folder: Path) -> None:
    """Show what came out: matrix, examples, report, next step."""
    from gameable import describe
    from gameable.evaluation import cells, render
    from gameable.runs import cache_folder, profile_of
    from gameable.store import Store

    console = stdout()
    with Store.open(folder, write=False) as store:
        render(cells(store), console)
        describe.estimates(store, console)
        describe.examples(store, console)
        describe.remember_speed(profile_of(store), store, cache_folder())
        finished = store.milestone("run/finished") or {}
    console.print(_costs(finished))
    _report(folder, f"gameable matrix {folder} --json")


def _report(folder: Path, otherwise: str) -> None:
    """Report, and say what to do next."""
    try:
        report(folder)
    except PluginError as error:  # what was run is done, and a report can be made of it at any time
        stdout().print(f"No report: {error} Then: gameable report {folder}", markup=False)
        return
    stdout().print(f"Next: open {folder / 'report.html'}, or type `{otherwise}`.")


def _costs(finished: Mapping[str, object]) -> str:
    seconds, memory = finished.get("seconds"), finished.get("peak_memory_bytes")
    if not isinstance(memory, int | float):
        return "The run is not finished."
    spent = "in more than one go, so its time is not known"
    if isinstance(seconds, int | float):
        spent = f"{seconds / 60:.1f} minutes of work"
    return f"Finished: {spent}, {memory / 2**30:.1f} GiB peak memory."


@app.command()
def train_pm(
    out: Annotated[Path, typer.Option(help="Folder for the model; must be new or empty.", show_default=False)],
    pairs: Annotated[
        Path | None, typer.Argument(help="JSONL of preferences; ours if left out.", show_default=False)
    ] = None,
    base: Annotated[str, typer.Option(help="Model to start from.")] = "smollm2-135m-instruct",
    options: Options = None,
) -> None:
    """Train a preference model on its own, for use as `{use: preference-model, model: OUT}`."""
    from gameable import runs
    from gameable.terminal import make_progress

    settings = dict(setting(option) for option in options or ()) | ({"pairs": str(pairs)} if pairs else {})
    model = Plugins().policy("hf", {"model": base}).fetch(runs.cache_folder())
    figures = runs.train_reward("preference-model", settings, model, out, make_progress(stderr()))
    print_json(dict(figures))
