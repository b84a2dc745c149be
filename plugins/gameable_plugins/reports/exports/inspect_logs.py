"""Logs of Inspect (https://inspect.aisi.org.uk): `inspect view` shows them, `samples_df` reads them.

One log a phase, stage and environment, with a sample an episode: its id is the variant, its epoch the sample's number.
Thoughts are reasoning, commands are calls of a tool `bash`. The rates of a log are those of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gameable import PluginError
from gameable.evaluation import Cell, cells
from gameable.progress import Progress
from gameable.runfolder import whole
from gameable.store import Store
from gameable_plugins.reports.exports._records import Record, records

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalResults, EvalScore, EvalSpec

_MOST = 2000
"""Samples of one log, which Inspect's writer holds in memory; an evaluation with more becomes several logs."""
_HEADLINE = "gamed"
"""Inspect's list of logs shows the first score that a log has."""
_DONE = {"evaluate": "evaluated", "train": "sampled"}
"""The milestone after which a phase of a stage has all its episodes."""


def write(store: Store, folder: Path, progress: Progress) -> list[Path]:
    """Write the logs into the subfolder `inspect`.

    Raises:
        PluginError: inspect-ai is not installed.
    """
    if find_spec("inspect_ai") is None:
        raise PluginError("Inspect logs need inspect-ai: type `pip install 'gameable[inspect]'`.")
    from inspect_ai.log import write_eval_log

    matrix, milestones, written = cells(store), store.milestones(), []
    for group, found in groupby(records(store, "writing Inspect logs", progress), _group):
        rates = sorted((cell for cell in matrix if group.holds(cell)), key=lambda cell: cell.measure != _HEADLINE)
        for number, part in enumerate(_parts(found), 1):
            target = folder / "inspect" / f"{group}{f'_{number}' if number > 1 else ''}.eval"
            with whole(target) as draft:
                write_eval_log(_log(store.manifest, group, part, rates, milestones), draft, format="eval")
            written.append(target)
    return written


@dataclass(frozen=True, slots=True)
class _Group:
    """The episodes of one log."""

    phase: str
    stage: str
    environment: str

    def __str__(self) -> str:
        return "_".join(filter(None, (self.phase, self.stage, self.environment)))

    def holds(self, cell: Cell) -> bool:
        """Whether this rate of the matrix was counted on these episodes."""
        return (self.phase, self.stage, self.environment) == ("evaluate", cell.model, cell.environment)

    def status(self, milestones: Mapping[str, Any]) -> Literal["success", "cancelled"]:
        """Whether all its episodes were played."""
        missing = self.phase in _DONE and f"{self.stage}/{_DONE[self.phase]}" not in milestones
        return "cancelled" if missing else "success"


def _group(record: Record) -> _Group:
    return _Group(*record.place, record.episode.task.environment)


def _parts(group: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(group)
    while part := list(islice(iterator, _MOST)):
        yield part


def _log(
    manifest: Mapping[str, Any],
    group: _Group,
    part: Sequence[Record],
    rates: Sequence[Cell],
    milestones: Mapping[str, Any],
) -> EvalLog:
    from inspect_ai.log import EvalLog, EvalStats

    from gameable_plugins.reports.exports._inspect_sample import sample

    measures = [cell.measure for cell in rates if cell.measure != "paid"]
    finished = milestones.get("run/finished", {}).get("finished")
    return EvalLog(
        status=group.status(milestones),
        eval=_spec(manifest, group, part),
        results=_results(part, rates),
        stats=EvalStats(started_at=manifest["created"], completed_at=finished) if finished else EvalStats(),
        samples=[sample(record, measures) for record in part],
    )


def _spec(manifest: Mapping[str, Any], group: _Group, part: Sequence[Record]) -> EvalSpec:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalSpec

    ids = list(dict.fromkeys(record.episode.task.variant for record in part))
    created, profile = manifest.get("created", ""), manifest.get("profile", {})
    known = sha256(f"{created} {profile.get('name')} {group} {part[0].episode.id}".encode()).hexdigest()[:22]
    return EvalSpec(
        eval_id=known,
        run_id=known,
        task_id=known,
        created=created,
        task=f"gameable/{group.environment}",
        dataset=EvalDataset(name=group.environment, samples=len(ids), sample_ids=ids),
        model=f"gameable/{part[0].episode.model}",
        config=EvalConfig(epochs=-(-len(part) // len(ids))),
        packages={"gameable": str(manifest.get("gameable", "")), **manifest.get("versions", {})},
        tags=[group.phase],
        metadata={"phase": group.phase, "stage": group.stage, "commit": manifest.get("commit"), "profile": profile},
    )


def _results(part: Sequence[Record], rates: Sequence[Cell]) -> EvalResults:
    from inspect_ai.log import EvalResults

    n = len(part)
    return EvalResults(total_samples=n, completed_samples=n, scores=[_rate(cell) for cell in rates])


def _rate(cell: Cell) -> EvalScore:
    """Return a rate with its interval; without metrics where the matrix gives none."""
    from inspect_ai.log import EvalMetric, EvalScore

    figures = {"rate": cell.rate, "low": cell.low, "high": cell.high}
    metrics = {name: EvalMetric(name=name, value=value) for name, value in figures.items() if value is not None}
    return EvalScore(
        name=cell.measure,
        scorer=cell.measure,
        scored_samples=cell.scored,
        unscored_samples=cell.n - cell.scored,
        metrics=metrics,
        metadata={"events": cell.events, "engaged": cell.engaged, "shown": str(cell)},
    )
