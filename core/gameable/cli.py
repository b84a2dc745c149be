"""`gameable …`: the command line.

Results go to standard output, everything else to standard error. What a user can mend is printed in one piece with
status 2; Ctrl-C loses nothing and leaves with status 130.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gameable.admission import VARIANTS
from gameable.discovery import read_file
from gameable.errors import GameableError, PluginError
from gameable.on_ray.option import Ray, RayCommand
from gameable.plugins import Plugins, rows_as_json
from gameable.views import Access

if TYPE_CHECKING:
    from rich.console import Console

    from gameable.mitigations import Suite
    from gameable.profile import Profile

app = typer.Typer(
    name="gameable",
    help="A testbed for specification gaming: train on gameable environments, measure what carries over.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help starts twice as fast
    add_completion=False,
)

sandbox_app = typer.Typer(help="Prepare sandboxes, where commands run.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sandbox_app, name="sandbox")

Run = Annotated[Path, typer.Argument(help="Run folder.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the profile.")
]


PluginFiles = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help="Also use a plugin that is one file.", show_default=False),
]


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
    from gameable.profile import read
    from gameable.terminal import make_progress

    console = _stderr()
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
    with _stoppable(folder):
        for ended in several.start(chosen, plugins, folder, make_progress(console), ray):
            _conclude(ended)


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
        _print_json(mitigations_command.plan_as_json(planned, plugins, price))
        return
    mitigations_command.show_plan(planned, plugins, _stderr())
    if price is None:
        folder = _folder(out, suite.name, _stderr())
        _conclude_mitigations(folder, mitigations.start(suite, plugins, folder, make_progress(_stderr()), ray))


def _conclude_mitigations(folder: Path, ended: Iterable[Path]) -> None:
    """Let the runs go on, then show what came out, with a report of each: what they say is adjusted for all of them."""
    with _stoppable(folder):
        for each in list(ended):
            report(each)
    mitigations(folder)
    _stdout().print(f"Next: type `gameable mitigations {folder} --json`, or open the report.html of a mitigation.")


def _show_plan(profile: Profile, plugins: Plugins, gpu_price: float, *, details: bool, as_json: bool) -> None:
    """Check that the profile can be run, and say what that means."""
    from gameable import describe, runs
    from gameable.assembly import assemble
    from gameable.cost import estimate

    cache = runs.cache_folder()
    cost = estimate(profile, assemble(profile, plugins), cache)
    if as_json:
        _print_json(describe.as_json(profile, cost, gpu_price, cache))
        return
    describe.plan(profile, cost, cache, _stderr())
    if details:
        describe.costs(cost, gpu_price, _stderr())


@app.command(cls=RayCommand)
def resume(folder: Run, *, ray: Ray = None) -> None:
    """Go on with a run where it was stopped."""
    from gameable import mitigations, seeds
    from gameable.runfolder import MITIGATIONS
    from gameable.terminal import make_progress

    progress = make_progress(_stderr())
    if (folder / MITIGATIONS).is_file():
        _conclude_mitigations(folder, mitigations.resume(folder, progress, ray))
        return
    with _stoppable(folder):
        for finished in seeds.resume(folder, progress, ray):
            _conclude(finished)


@contextmanager
def _stoppable(folder: Path, command: str | None = None) -> Iterator[None]:
    """Leave on Ctrl-C with status 130 and the command that goes on, `gameable resume` if none is given."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\nStopped. Everything that was finished is kept; {command or f'`gameable resume {folder}`'} goes on.\n"
        )
        raise typer.Exit(130) from None


def _conclude(folder: Path) -> None:
    """Show what came out: matrix, examples, report, next step."""
    from gameable import describe
    from gameable.evaluation import cells, render
    from gameable.profile import Profile
    from gameable.runs import cache_folder
    from gameable.store import Store

    console = _stdout()
    with Store.open(folder, write=False) as store:
        render(cells(store), console)
        describe.estimates(store, console)
        describe.examples(store, console)
        describe.remember_speed(Profile.model_validate(store.manifest["profile"]), store, cache_folder())
        finished = store.milestone("run/finished") or {}
    console.print(_costs(finished))
    try:
        report(folder)
    except PluginError as error:  # the run is done, and a report can be made of it at any time
        console.print(f"No report: {error} Then: gameable report {folder}", markup=False)
        return
    console.print(f"Next: open {folder / 'report.html'}, or type `gameable matrix {folder} --json`.")


def _costs(finished: Mapping[str, object]) -> str:
    seconds, memory = finished.get("seconds"), finished.get("peak_memory_bytes")
    if not isinstance(seconds, int | float) or not isinstance(memory, int | float):
        return "The run is not finished."
    return f"Finished: {seconds / 60:.1f} minutes of work, {memory / 2**30:.1f} GiB peak memory."


@app.command()
def matrix(folder: Run, as_json: AsJson = False) -> None:
    """Print how often each model gamed each environment, with counts, 95 % intervals, coverage and engagement."""
    from gameable.describe import estimates
    from gameable.evaluation import cells, render
    from gameable.store import Store

    with Store.open(folder, write=False) as store:
        found = cells(store)
        if as_json:
            _print_json([asdict(cell) for cell in found])
        else:
            render(found, _stdout())
            estimates(store, _stdout())


@app.command()
def summary(
    folder: Run,
    arm: Annotated[str | None, typer.Option(help="What to compare it as; the profile's name if left out.")] = None,
) -> None:
    """Print a run as one JSON: profile, costs, matrix, counts by variant; statistics need no more than this."""
    from gameable.store import Store
    from gameable.summary import summarise, text

    with Store.open(folder, write=False) as store:
        sys.stdout.write(text(summarise(store, arm)))


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="Run, or RUN:MODEL; the last measured model if left out.")],
    b: Annotated[str, typer.Argument(help="What to compare it with, another run or another model.")],
    as_json: AsJson = False,
) -> None:
    """Say how the second of two models differs from the first, paired by environment and variant."""
    from gameable import compare_command

    found = compare_command.compare_places(a, b)
    if as_json:
        _print_json(compare_command.as_json(found))
    else:
        compare_command.show(found, _stdout())


@app.command()
def trend(
    places: Annotated[list[Path], typer.Argument(help="Runs of one profile.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Test whether gaming of environments not trained on yet rises with training, and what rise could be seen."""
    from gameable import trend_command

    found = trend_command.find(places)
    if as_json:
        _print_json(trend_command.as_json(found))
    else:
        trend_command.show(found, _stdout())


@app.command()
def mitigations(
    folder: Annotated[Path, typer.Argument(help="Folder that `gameable run mitigations` made.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Print what mitigations did to a finished run: gaming before and after, with paired differences."""
    from gameable import mitigations_command

    found = mitigations_command.find(folder)
    if as_json:
        _print_json(mitigations_command.as_json(found))
    else:
        mitigations_command.show(found, _stdout())


@app.command()
def report(folder: Run) -> None:
    """Write report.html into the run folder: one file that opens anywhere."""
    written = Plugins().report("html")(folder)
    _stdout().print(f"Report: {written}")


@app.command()
def monitor(
    folder: Run,
    *,
    name: Annotated[
        str | None, typer.Option("--monitor", help="Name of a monitor to apply to stored episodes.", show_default=False)
    ] = None,
    options: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set an option.")] = None,
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
        chosen, cache, progress = settings(options or ()), cache_folder(), make_progress(_stderr())
        with _stoppable(folder, "the same command"):
            found = monitor_command.apply(plugins, folder, name, chosen, cache=cache, progress=progress, access=access)
    if as_json:
        _print_json(plain(found))
    else:
        monitor_command.show(found, _stdout())


@app.command()
def rescore(folder: Run, as_json: AsJson = False) -> None:
    """Compute rewards and judgements of stored episodes again, without sampling; nothing is overwritten."""
    from gameable import rescore_command
    from gameable.runs import cache_folder
    from gameable.terminal import make_progress

    with _stoppable(folder, "the same command"):
        found = rescore_command.rescore(folder, cache=cache_folder(), progress=make_progress(_stderr()))
    if as_json:
        _print_json(rescore_command.as_json(found))
    else:
        rescore_command.show(found, _stdout())


@app.command()
def view(
    runs: Annotated[Path, typer.Argument(help="Folder of runs, or one run.")] = Path("runs"),
    port: Annotated[int, typer.Option(help="Port on this machine; 0 for any that is free.", min=0, max=65535)] = 8477,
    viewer: Annotated[str, typer.Option(help="Name of a viewer.")] = "pages",
) -> None:
    """Look at runs in a browser: filters, search, one page an episode; follows a run that is under way."""
    from gameable.view_command import view as serve

    serve(Plugins(), viewer, runs, port=port, console=_stdout())


@app.command()
def export(
    folder: Run,
    form: Annotated[str, typer.Option("--format", help="inspect, parquet, jsonl, or what a plugin offers.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files.", show_default="RUN/export")] = None,
) -> None:
    """Write a run for other tools: Inspect logs, Parquet tables, JSON lines."""
    from gameable.export_command import export as write
    from gameable.terminal import make_progress

    for file in write(Plugins(), folder, form, out or folder / "export", make_progress(_stderr())):
        _stdout().print(f"Written: {file}", highlight=False, soft_wrap=True)


@app.command()
def train_pm(
    out: Annotated[Path, typer.Option(help="Folder for the model; must be new or empty.", show_default=False)],
    pairs: Annotated[
        Path | None, typer.Argument(help="JSONL of preferences; ours if left out.", show_default=False)
    ] = None,
    base: Annotated[str, typer.Option(help="Model to start from.")] = "smollm2-135m-instruct",
    options: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set an option.")] = None,
) -> None:
    """Train a preference model on its own, for use as `{use: preference-model, model: OUT}`."""
    from gameable import runs
    from gameable.terminal import make_progress

    settings = dict(_setting(option) for option in options or ()) | ({"pairs": str(pairs)} if pairs else {})
    model = Plugins().policy("hf", {"model": base}).fetch(runs.cache_folder())
    figures = runs.train_reward("preference-model", settings, model, out, make_progress(_stderr()))
    _print_json(dict(figures))


def _setting(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise typer.BadParameter(f"{option}: write KEY=VALUE, for example --set epochs=2")
    return name, value


@app.command()
def check(
    environment: Annotated[str, typer.Argument(help="Name of an environment.", show_default=False)],
    sandbox: Annotated[
        str | None, typer.Option(help="Play everything here, and compare with the embedded one.", show_default=False)
    ] = None,
    options: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set an option.")] = None,
    variants: Annotated[int, typer.Option(help="Variants of each split whose scripts are played.", min=1)] = VARIANTS,
    *,
    plugin: PluginFiles = None,
    as_json: AsJson = False,
) -> None:
    """Admit an environment, ours or anybody's, without a model: exit status 1 when a check failed."""
    from gameable import check_command
    from gameable.terminal import make_progress

    settings = dict(_setting(option) for option in options or ())
    world, progress = sandbox or check_command.default_sandbox(), make_progress(_stderr())
    files = [read_file(path) for path in plugin or ()]
    found = check_command.check(
        Plugins(files=files), environment, settings, sandbox=world, variants=variants, progress=progress
    )
    if as_json:
        _print_json(check_command.as_json(environment, world, found))
    else:
        check_command.show(environment, world, found, _stdout())
    if found.problems:
        raise typer.Exit(1)


@app.command()
def plugins(plugin: PluginFiles = None, *, as_json: AsJson = False) -> None:
    """List everything that can be named in a profile, and plugins that did not load."""
    rows = Plugins(files=[read_file(path) for path in plugin or ()]).rows()
    if as_json:
        _print_json(rows_as_json(rows))
        return
    from rich.table import Column, Table

    table = Table("kind", Column("name", no_wrap=True), "summary", "distribution", "status")
    for row in rows:
        status = row.status if row.status == "ok" else f"{row.status}: {row.error}"
        table.add_row(row.kind, row.name, row.summary, f"{row.distribution} {row.version}", status)
    _stdout().print(table)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="environment, policy, reward, optimizer, monitor or sandbox.")],
    name: Annotated[str, typer.Argument(help="Its name: lower case, words joined by hyphens.")],
    into: Annotated[Path, typer.Option(help="Folder that the new one is made in.")] = Path(),
) -> None:
    """Write a complete small distribution with a plugin of your own, ready to be installed and tested."""
    from gameable.new_command import write

    folder = write(kind, name, into)
    _stdout().print(
        f"Written: {folder}. Next: cd {folder} && pip install -e '.[test]' && pytest", soft_wrap=True, markup=False
    )


@sandbox_app.command("build")
def sandbox_build(
    name: Annotated[str, typer.Argument(help="Name of a sandbox.")] = "docker",
    offline: Annotated[bool, typer.Option("--offline", help="Use nothing from an image registry.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make what a sandbox needs once on each machine, an image for example."""
    from gameable.terminal import make_progress

    made = Plugins().sandbox(name, {}).build(make_progress(_stderr()), offline=offline)
    if as_json:
        _print_json(dict(made))
    else:
        figures = ", ".join(f"{what} {value}" for what, value in made.items())
        _stdout().print(f"Sandbox '{name}' is ready. {figures}".rstrip())


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine has, and what to install next."""
    from gameable.doctor import examine
    from gameable.runs import cache_folder

    findings = list(examine(cache_folder(), Plugins()))
    if as_json:
        _print_json([asdict(finding) for finding in findings])
        return
    from rich.table import Column, Table

    table = Table("what", "status", Column("found", overflow="fold"), "next")
    for finding in findings:
        table.add_row(finding.what, finding.status, finding.found, finding.next)
    _stdout().print(table)


def _stdout() -> Console:
    from rich.console import Console

    return Console()


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors that a user can mend end it with their message alone."""
    try:
        app(args=arguments, standalone_mode=True)
    except GameableError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except ModuleNotFoundError as error:
        from gameable.extras import brings, install_line

        if not error.name or not brings(error.name):
            raise
        sys.stderr.write(f"error: {error.name} is needed here and not installed. {install_line(error.name)}\n")
        sys.exit(2)
