"""Commands for what plugins and this machine offer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gameable.admission import VARIANTS
from gameable.cli._shared import AsJson, Options, PluginFiles, print_json, setting, stderr, stdout
from gameable.discovery import read_file
from gameable.plugins import Plugins, rows_as_json

app = typer.Typer()
sandbox_app = typer.Typer(help="Prepare sandboxes, where commands run.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sandbox_app, name="sandbox")


@app.command()
def check(
    environment: Annotated[str, typer.Argument(help="Name of an environment.", show_default=False)],
    sandbox: Annotated[
        str | None, typer.Option(help="Play everything here, and compare with the embedded one.", show_default=False)
    ] = None,
    options: Options = None,
    variants: Annotated[int, typer.Option(help="Variants of each split whose scripts are played.", min=1)] = VARIANTS,
    *,
    plugin: PluginFiles = None,
    as_json: AsJson = False,
) -> None:
    """Admit an environment, ours or anybody's, without a model: exit status 1 when a check failed."""
    from gameable import check_command
    from gameable.terminal import make_progress

    settings = dict(setting(option) for option in options or ())
    world, progress = sandbox or check_command.default_sandbox(), make_progress(stderr())
    files = [read_file(path) for path in plugin or ()]
    found = check_command.check(
        Plugins(files=files), environment, settings, sandbox=world, variants=variants, progress=progress
    )
    if as_json:
        print_json(check_command.as_json(environment, world, found))
    else:
        check_command.show(environment, world, found, stdout())
    if found.problems:
        raise typer.Exit(1)


@app.command()
def plugins(plugin: PluginFiles = None, *, as_json: AsJson = False) -> None:
    """List everything that can be named in a profile, and plugins that did not load."""
    rows = Plugins(files=[read_file(path) for path in plugin or ()]).rows()
    if as_json:
        print_json(rows_as_json(rows))
        return
    from rich.table import Column, Table

    table = Table("kind", Column("name", no_wrap=True), "summary", "distribution", "status")
    for row in rows:
        status = row.status if row.status == "ok" else f"{row.status}: {row.error}"
        table.add_row(row.kind, row.name, row.summary, f"{row.distribution} {row.version}", status)
    stdout().print(table)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="environment, policy, reward, optimizer, monitor or sandbox.")],
    name: Annotated[str, typer.Argument(help="Its name: lower case, words joined by hyphens.")],
    into: Annotated[Path, typer.Option(help="Folder that the new one is made in.")] = Path(),
) -> None:
    """Write a complete small distribution with a plugin of your own, ready to be installed and tested."""
    from gameable.new_command import write

    folder = write(kind, name, into)
    stdout().print(
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

    made = Plugins().sandbox(name, {}).build(make_progress(stderr()), offline=offline)
    if as_json:
        print_json(dict(made))
    else:
        figures = ", ".join(f"{what} {value}" for what, value in made.items())
        stdout().print(f"Sandbox '{name}' is ready. {figures}".rstrip())


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine has, and what to install next."""
    from gameable.doctor import examine
    from gameable.runs import cache_folder

    findings = list(examine(cache_folder(), Plugins()))
    if as_json:
        print_json([asdict(finding) for finding in findings])
        return
    from rich.table import Column, Table

    table = Table("what", "status", Column("found", overflow="fold"), "next")
    for finding in findings:
        table.add_row(finding.what, finding.status, finding.found, finding.next)
    stdout().print(table)
