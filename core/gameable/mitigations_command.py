"""Says what mitigations did to a finished run: before and after, paired by variant, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gameable import describe
from gameable.assembly import assemble
from gameable.compare_command import SURE, difference, p_value, sentence
from gameable.comparison import Difference, adjusted, of_column
from gameable.cost import Cost, estimate
from gameable.mitigations import BEFORE, plan
from gameable.plugins import Plugins
from gameable.pooling import Group, Rate
from gameable.profile import Profile
from gameable.runs import cache_folder
from gameable.summaries import Run, read

_MEASURE = "gamed"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one mitigation did to gaming of one environment."""

    mitigation: str
    trained: bool
    """Whether the mitigation trained on this environment, under any name; elsewhere its effect had to carry over."""
    change: Difference
    """From before (a) to after (b)."""


@dataclass(frozen=True, slots=True)
class Effects:
    """All that is known so far of the mitigations in a folder."""

    folder: Path
    run: str
    """Folder of the run that they were tried on."""
    effects: list[Effect]
    missing: list[str]
    """Mitigations that have not been measured yet."""


def find(folder: Path) -> Effects:
    """Read the effects of everything that has been measured.

    Raises:
        StoreError: the folder holds no mitigations, or a run in it cannot be read.
    """
    told = plan(folder)
    found = {name: _finished(folder / name) for name in told["runs"]}
    before = found.pop(BEFORE)
    measured = {name: run for name, run in found.items() if run and before}
    rows = [row for name, after in measured.items() if before and after for row in _effects(name, before, after)]
    changes = adjusted([row.change for row in rows])
    effects = [replace(row, change=change) for row, change in zip(rows, changes, strict=True)]
    return Effects(folder, told["run"], effects, [name for name in found if name not in measured])


def _finished(folder: Path) -> Run | None:
    """Return the run, unless it has not been measured to its end."""
    if not (folder / "manifest.json").is_file():
        return None
    (run,) = read(folder)
    return run if run.data["finished"] else None


def _effects(name: str, before: Run, after: Run) -> Iterator[Effect]:
    sides = Group([before], before.models[-1]), Group([after], after.models[-1])
    for column in before.columns:
        if _MEASURE in before.measures(column) and before.task(column) == after.task(column):
            (change,) = of_column(*sides, column, [_MEASURE])
            yield Effect(name, not after.unseen(column, after.models[-1]), change)


def as_json(found: Effects) -> dict[str, Any]:
    """Return everything as plain data, with the sentences."""
    rows = [{"mitigation": row.mitigation, "trained": row.trained, **asdict(row.change)} for row in found.effects]
    told = {"run": found.run, "measure": _MEASURE, "effects": rows, "missing": found.missing}
    return {**told, "sentences": list(sentences(found))}


def show(found: Effects, console: Console) -> None:
    """Print a block an environment, a row a mitigation, then what can and cannot be said."""
    for environment in dict.fromkeys(row.change.environment for row in found.effects):
        console.print(_table([row for row in found.effects if row.change.environment == environment]))
        console.print()
    for line in sentences(found):
        console.print(Text(line))


def _table(rows: Sequence[Effect]) -> Table:
    first = rows[0].change
    title = Text(f"{first.environment}: {first.measure} before, {_counted(first.a)}", style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("after", overflow="fold")
    for heading in ("trained on it", "engaged", _MEASURE, "change, points", "p", "p (Holm)"):
        table.add_column(heading, justify="right")
    for row in rows:
        after, tests = row.change.b, (row.change.p, row.change.p_holm)
        about = row.mitigation, "yes" if row.trained else "no", f"{after.engaged}/{after.scored}"
        table.add_row(*map(Text, (*about, str(after), difference(row.change), *map(p_value, tests))))
    return table


def _counted(rate: Rate) -> str:
    return f"{rate}, engaged {rate.engaged}/{rate.scored} of {rate.played}"


def sentences(found: Effects) -> Iterator[str]:
    """Say in plain sentences what is shown, what is not, and what such runs cannot show."""
    yield from sentences_of(found.effects)
    if found.missing:
        yield f"Not measured yet: {', '.join(found.missing)}. `gameable resume {found.folder}` goes on."
    if found.effects:
        yield from _limits(found)


def sentences_of(rows: Sequence[Effect]) -> Iterator[str]:
    """Say of some rows what is shown and what is not."""
    silent = [row for row in rows if row.change.difference is not None and not _shown(row)]
    for row in rows:
        if row not in silent:
            yield sentence(row.change, "the model before", f"the model after {row.mitigation}")
    if silent:
        others = f"the other {len(silent)} rows" if len(silent) > 1 else "the other row"
        where = "any row" if len(silent) == len(rows) else others
        yield f"No change is shown in {where}; the intervals say how large a change still fits what was measured."


def _shown(row: Effect) -> bool:
    return row.change.p_holm is not None and row.change.p_holm <= SURE and bool(row.change.difference)


def _limits(found: Effects) -> Iterator[str]:
    yield (
        f"p is adjusted for {sum(row.change.p is not None for row in found.effects)} tests. All mitigations are held "
        "against one measurement before, so that a chance high or low in it shows in each of them."
    )
    if any(row.trained and _shown(row) for row in found.effects):
        yield "Where a mitigation trained on an environment itself, a change there says little about the others."
    yield (
        "Each was trained once: other seeds may do otherwise. For other measures: "
        f"`gameable compare {found.folder / BEFORE} {found.folder / found.effects[0].mitigation}`."
    )


# --- what it will take -----------------------------------------------------------------------------------------------


def show_plan(planned: Mapping[str, Profile], plugins: Plugins, console: Console) -> None:
    """Check that everything can be run, and print what it is.

    Raises:
        GameableError: something cannot be run as planned.
    """
    for profile in planned.values():
        describe.plan(profile, _cost(profile, plugins), cache_folder(), console)


def plan_as_json(planned: Mapping[str, Profile], plugins: Plugins, price: float) -> dict[str, Any]:
    """Return the plan of each run, by the name of its folder; `price` is dollars an hour of one GPU."""
    cache = cache_folder()
    return {name: describe.as_json(each, _cost(each, plugins), price, cache) for name, each in planned.items()}


def _cost(profile: Profile, plugins: Plugins) -> Cost:
    return estimate(profile, assemble(profile, plugins), cache_folder())
