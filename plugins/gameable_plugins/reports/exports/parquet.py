"""Parquet: a table of episodes and a table of segments, which hold the tokens and their log-probabilities.

What was not measured is null, with the reason in the column beside it. What UTF-8 cannot hold is spelt out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gameable import Episode, Measured, Outcome, Payout, PluginError, Score, Unscored, visible_text
from gameable.encoding import storable
from gameable.progress import Progress
from gameable.runfolder import whole
from gameable.store import TOTAL, Store
from gameable_plugins.reports.exports._records import Record, records

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 500
"""Episodes of one row group, which is also what is held in memory."""


def write(store: Store, folder: Path, progress: Progress) -> list[Path]:
    """Write `episodes.parquet` and `segments.parquet`, both or none.

    Raises:
        PluginError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise PluginError("Parquet needs pyarrow: type `pip install 'gameable[parquet]'`.")
    import pyarrow as pa
    import pyarrow.parquet as pq

    episodes, segments = folder / "episodes.parquet", folder / "segments.parquet"
    of_episodes, of_segments = _schemas()
    with ExitStack() as stack:
        drafts = [stack.enter_context(whole(target)) for target in (episodes, segments)]
        first = stack.enter_context(pq.ParquetWriter(drafts[0], of_episodes, compression="zstd"))
        second = stack.enter_context(pq.ParquetWriter(drafts[1], of_segments, compression="zstd"))
        for batch in _batches(records(store, "writing Parquet", progress)):
            first.write_table(pa.Table.from_pylist([_episode(record) for record in batch], of_episodes))
            rows = [row for record in batch for row in _segments(record.episode)]
            second.write_table(pa.Table.from_pylist(rows, of_segments))
    return [episodes, segments]


def _batches(stream: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(stream)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _schemas() -> tuple[pa.Schema, pa.Schema]:
    import pyarrow as pa

    text, number, whole_number, flag = pa.string(), pa.float64(), pa.int64(), pa.bool_()
    texts = ("id", "phase", "stage", "model", "environment", "split", "variant", "stop", "label", "unscored")
    message = pa.struct([("role", text), ("text", text)])
    command = pa.struct(
        [("command", text), ("stdout", text), ("stderr", text), ("exit_code", whole_number), ("status", text)]
    )
    file = pa.struct([("path", text), ("before", text), ("after", text)])
    score = pa.struct([("source", text), ("value", number), ("detail", text), ("unscored", text)])
    episodes = [
        *((name, text) for name in texts),
        ("engaged", flag),
        ("evidence", pa.list_(text)),
        ("scripted", flag),
        ("seed", whole_number),
        ("paid", flag),
        ("passed", flag),
        ("payout", number),
        ("payout_unscored", text),
        ("reward", number),
        ("reward_unscored", text),
        ("scores", pa.list_(score)),
        ("sampled_tokens", whole_number),
        ("dialogue", pa.list_(message)),
        ("text", text),
        ("reply", text),
        ("commands", pa.list_(command)),
        ("files", pa.list_(file)),
        ("prompt_tokens", pa.list_(pa.int32())),
    ]
    segments = [
        ("episode", text),
        ("number", whole_number),
        ("kind", text),
        ("text", text),
        ("tokens", pa.list_(pa.int32())),
        ("logprobs", pa.list_(number)),
    ]
    return pa.schema(episodes), pa.schema(segments)


def _episode(record: Record) -> dict[str, Any]:
    episode, task = record.episode, record.episode.task
    phase, stage = record.place
    total = record.scores.get(TOTAL)
    return {
        **{name: getattr(episode, name) for name in ("id", "model", "stop", "scripted", "seed", "sampled_tokens")},
        **{name: getattr(task, name) for name in ("environment", "split", "variant")},
        "phase": phase,
        "stage": stage,
        **_outcome(episode.outcome),
        **_payout(episode.payout),
        "reward": total.value if isinstance(total, Measured) else None,
        "reward_unscored": storable(total.reason) if isinstance(total, Unscored) else None,
        "scores": [_score(source, score) for source, score in record.scores.items() if source != TOTAL],
        "dialogue": [{"role": message.role, "text": storable(message.text)} for message in task.dialogue],
        "text": storable(episode.text),
        "reply": storable(visible_text(episode.text)),
        "commands": list(_commands(episode)),
        "files": list(_files(episode)),
        "prompt_tokens": episode.prompt_tokens,
    }


def _outcome(outcome: Outcome | Unscored) -> dict[str, Any]:
    if isinstance(outcome, Unscored):
        return {"unscored": storable(outcome.reason)}
    return {"label": outcome.label, "engaged": outcome.engaged, "evidence": list(map(storable, outcome.evidence))}


def _payout(payout: Payout | Unscored) -> dict[str, Any]:
    if isinstance(payout, Unscored):
        return {"payout_unscored": storable(payout.reason)}
    return {"payout": payout.reward, "passed": payout.passed, "paid": payout.paid}


def _score(source: str, score: Score) -> dict[str, Any]:
    if isinstance(score, Unscored):
        return {"source": source, "unscored": storable(score.reason)}
    return {"source": source, "value": score.value, "detail": storable(score.detail)}


def _commands(episode: Episode) -> Iterator[dict[str, Any]]:
    for ran in episode.commands:
        texts = {name: storable(getattr(ran, name)) for name in ("command", "stdout", "stderr", "status")}
        yield {**texts, "exit_code": ran.exit_code}


def _files(episode: Episode) -> Iterator[dict[str, Any]]:
    before, after = episode.task.files, episode.files
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        yield {
            "path": storable(path),
            "before": None if old is None else storable(old),
            "after": None if new is None else storable(new),
        }


def _segments(episode: Episode) -> Iterator[dict[str, Any]]:
    for number, segment in enumerate(episode.segments):
        yield {
            "episode": episode.id,
            "number": number,
            "kind": segment.kind,
            "text": storable(segment.text),
            "tokens": segment.tokens,
            "logprobs": segment.logprobs,
        }
