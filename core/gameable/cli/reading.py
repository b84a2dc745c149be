"""Commands that read finished and running runs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gameable.cli._shared import AsJson, Run, print_json, stderr, stdout
from gameable.plugins import Plugins

app = typer.Typer()


@app.command()
def matrix(folder: Run, as_json: AsJson = False) -> None:
    """Print how often each model gamed each environment, with counts, 95 % intervals, coverage and engagement."""
    from gameable.describe import estimates
    from gameable.evaluation import cells, render
    from gameable.store import Store

    with Store.open(folder, write=False) as store:
        found = cells(store)
        if as_json:
            print_json([asdict(cell) for cell in found])
        else:
            render(found, stdout())
            estimates(store, stdout())


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
        print_json(compare_command.as_json(found))
    else:
        compare_command.show(found, stdout())


@app.command()
def trend(
    places: Annotated[list[Path], typer.Argument(help="Runs of one profile.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Test whether gaming of environments not trained on yet rises with training, and what rise could be seen."""
    from gameable import trend_command

    found = trend_command.find(places)
    if as_json:
        print_json(trend_command.as_json(found))
    else:
        trend_command.show(found, stdout())


@app.command()
def mitigations(
    folder: Annotated[Path, typer.Argument(help="Folder that `gameable run mitigations` made.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Print what mitigations did to a finished run: gaming before and after, with paired differences."""
    from gameable import mitigations_command

    found = mitigations_command.find(folder)
    if as_json:
        print_json(mitigations_command.as_json(found))
    else:
        mitigations_command.show(found, stdout())


@app.command()
def report(folder: Run) -> None:
    """Write report.html into the folder of a run, of several seeds, or of mitigations: one file that opens anywhere."""
    written = Plugins().report("html")(folder)
    stdout().print(f"Report: {written}")


@app.command()
def view(
    runs: Annotated[Path, typer.Argument(help="Folder of runs, or one run.")] = Path("runs"),
    port: Annotated[int, typer.Option(help="Port on this machine; 0 for any that is free.", min=0, max=65535)] = 8477,
    viewer: Annotated[str, typer.Option(help="Name of a viewer.")] = "pages",
) -> None:
    """Look at runs in a browser: filters, search, one page an episode; follows a run that is under way."""
    from gameable.view_command import view as serve

    serve(Plugins(), viewer, runs, port=port, console=stdout())


@app.command()
def export(
    folder: Run,
    form: Annotated[str, typer.Option("--format", help="inspect, parquet, jsonl, or what a plugin offers.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the files.", show_default="RUN/export")] = None,
) -> None:
    """Write a run for other tools: Inspect logs, Parquet tables, JSON lines."""
    from gameable.export_command import export as write
    from gameable.terminal import make_progress

    for file in write(Plugins(), folder, form, out or folder / "export", make_progress(stderr())):
        stdout().print(f"Written: {file}", highlight=False, soft_wrap=True)
