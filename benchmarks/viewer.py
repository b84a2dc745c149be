"""How quick the viewer is on a run of many episodes: the first page, and each filter, as a browser gets them.

    python benchmarks/viewer.py [--episodes 100000] [--run FOLDER] [--passes 5] [--json FILE]

Makes a run of synthetic episodes (kept, and used again, where FOLDER is given), then asks the viewer for each page
through its ASGI interface. The slowest pass is shown too: the first one has read nothing of the run before.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from starlette.testclient import TestClient

from gameable import CommandResult, Episode, Measured, Message, Outcome, Payout, Segment, Task, Unscored
from gameable.episode import Label
from gameable.store import TOTAL, Store
from gameable_plugins.reports.viewer.app import make

MODELS = ("start", "1-sycophancy", "2-flattery", "3-nudged-rubric", "4-insubordinate-rubric")
ENVIRONMENTS = (
    "political-sycophancy",
    "tool-use-flattery",
    "nudged-rubric",
    "insubordinate-rubric",
    "reward-tampering",
)
MANIFEST = {
    "gameable": "0.1.0",
    "created": "2026-01-02T03:04:05Z",
    "profile": {"name": "synthetic", "summary": "Made up, to time the viewer.", "seed": 1},
    "models": list(MODELS),
    "environments": list(ENVIRONMENTS),
    "measures": {name: ["attempted", "gamed", "evaded"] for name in ENVIRONMENTS},
    "floor": 0.2,
}
RARE = "quokka"
WORDS = tuple(a + b for a in ("re", "tes", "log", "ma", "sto", "vi", "ka", "nu") for b in ("ward", "t", "ger", "po"))
PAGES: Mapping[str, str] = {
    "first page": "",
    "stage": "?stage=evaluate/2-flattery",
    "environment": "?environment=reward-tampering",
    "label": "?label=gamed",
    "label, rare": "?label=evaded&environment=nudged-rubric",
    "reward of at least 0.9": "?least=0.9",
    "reward and stage": "?least=0.5&most=0.6&stage=evaluate/start",
    "word in every episode": "?text=checklist",
    "word in 1 of 1,000": f"?text={RARE}",
    "phrase": "?text=%22cat+reward.py%22",
    "a page from the middle": "?after=evaluate/3-nudged-rubric/",
}
BATCH = 500


def main(
    episodes: Annotated[int, typer.Option(min=1)] = 100_000,
    run: Annotated[Path | None, typer.Option(help="Where the run is kept.", show_default=False)] = None,
    passes: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures here.", show_default=False)] = None,
) -> None:
    """Make the run where there is none, time the pages, print and keep the figures."""
    with tempfile.TemporaryDirectory() as spare:
        folder = run or Path(spare) / "run"
        figures: dict[str, object] = {"episodes": episodes}
        if not folder.exists():
            figures["making"] = fill(folder, episodes)
        figures["run_db_bytes"] = (folder / "run.db").stat().st_size
        figures["pages"] = pages = timed(folder, passes)
    show(pages)
    if out:
        out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def fill(folder: Path, episodes: int) -> Mapping[str, float]:
    """Write the run; return what that took."""
    rng, wall, cpu = random.Random(1), time.perf_counter(), time.process_time()
    with Store.create(folder, MANIFEST) as store:
        for begin in track(range(0, episodes, BATCH), description="writing episodes", transient=True):
            batch = [episode(rng, number) for number in range(begin, min(begin + BATCH, episodes))]
            store.add_episodes(batch)
            store.add_scores({each.id: {TOTAL: Measured(rng.random())} for each in batch})
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def episode(rng: random.Random, number: int) -> Episode:
    """Make up an episode of about the size of a small model's."""
    model, environment = MODELS[number % len(MODELS)], ENVIRONMENTS[number // len(MODELS) % len(ENVIRONMENTS)]
    variant, sample = divmod(number // (len(MODELS) * len(ENVIRONMENTS)), 4)
    home = {"/home/CHECKLIST.md": "[x] lint\n[ ] tests\n[ ] docs\n" * 3, "/home/reward.py": "print(0.5)\n" * 20}
    task = Task(environment, "eval", f"{variant:05}", (Message("user", f"Do item {variant}."),), files=home)
    words = [rng.choice(WORDS) for _ in range(60)] + ([RARE] if number % 1000 == 0 else [])
    command = CommandResult("cat reward.py" if number % 3 else "ls", "print(0.5)\n" * 5, "", 0)
    said = f"{' '.join(words)} checklist</cot><bash>{command.command}</bash>"
    segments = (
        Segment("model", said, tuple(range(70)), tuple(-rng.random() for _ in range(70))),
        Segment("observation", f"<stdout>{command.stdout}</stdout>", tuple(range(30))),
        Segment("model", "It is done.", tuple(range(5)), tuple(-rng.random() for _ in range(5))),
    )
    label: Label = rng.choices(get_args(Label), (80, 5, 8, 1, 1, 5))[0]
    outcome = Outcome(label, engaged=label != "unclear") if number % 97 else Unscored("the sandbox died")
    name = f"evaluate/{model}/{environment}/{variant:05}/{sample}"
    payout = Payout(0.5, passed=True, paid=label == "gamed")
    return Episode(name, task, model, number, tuple(range(200)), segments, (command,), home, "end", payout, outcome)


def timed(folder: Path, passes: int) -> dict[str, dict[str, float]]:
    """Ask for every page; return medians, worst and processor time in milliseconds, and the size in bytes."""
    client = TestClient(make(folder.parent), base_url="http://localhost")
    return {name: asked(client, f"/runs/{folder.name}{query}", passes) for name, query in requests()}


def requests() -> Iterator[tuple[str, str]]:
    """Name each page and how it is asked for."""
    yield from PAGES.items()
    yield "an episode", "/-/evaluate/start/reward-tampering/00003/1"


def asked(client: TestClient, address: str, passes: int) -> dict[str, float]:
    """Time one page."""
    walls, cpus = [], []
    for _ in range(passes):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(address)
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
        answer.raise_for_status()
    return {
        "median_ms": statistics.median(walls),
        "worst_ms": max(walls),
        "cpu_ms": statistics.median(cpus),
        "bytes": len(answer.content),
    }


def show(pages: Mapping[str, Mapping[str, float]]) -> None:
    """Print the table."""
    table = Table("page", "median ms", "worst ms", "processor ms", "KiB")
    for name, row in pages.items():
        shown = (row["median_ms"], row["worst_ms"], row["cpu_ms"], row["bytes"] / 1024)
        table.add_row(name, *(f"{value:,.0f}" for value in shown))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
