"""JSON lines: everything that a run knows of an episode, one object a line, in strict JSON.

Numbers that JSON does not have are the texts "NaN", "Infinity" and "-Infinity"; what UTF-8 cannot hold is spelt out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from gameable import Measured, Score, Unscored
from gameable.encoding import storable
from gameable.progress import Progress
from gameable.runfolder import whole
from gameable.store import TOTAL, Store
from gameable_plugins.reports.exports._records import Record, records


def write(store: Store, folder: Path, progress: Progress) -> list[Path]:
    """Write `episodes.jsonl`."""
    target = folder / "episodes.jsonl"
    with whole(target) as draft, draft.open("wb") as file:
        for record in records(store, "writing JSON lines", progress):
            file.write(_line(record) + b"\n")
    return [target]


def _line(record: Record) -> bytes:
    content = _content(record)
    try:
        return to_json(content, inf_nan_mode="strings")
    except PydanticSerializationError:  # a lone surrogate
        return to_json(_storable(content), inf_nan_mode="strings")


def _content(record: Record) -> dict[str, Any]:
    episode, (phase, stage) = record.episode, record.place
    names = ("id", "model", "seed", "scripted", "stop", "prompt_tokens", "segments", "commands", "payout", "outcome")
    task = episode.task
    return {
        **{name: _plain(getattr(episode, name)) for name in names},
        "phase": phase,
        "stage": stage,
        **{name: _plain(getattr(task, name)) for name in ("environment", "split", "variant", "dialogue", "opening")},
        "files_before": dict(task.files),
        "files_after": dict(episode.files),
        "reward": _score(record.scores.get(TOTAL)),
        "scores": {source: _score(score) for source, score in record.scores.items() if source != TOTAL},
    }


def _score(score: Score | None) -> dict[str, Any] | None:
    """Return a value or why there is none, never both."""
    if score is None:
        return None
    return {"value": score.value, "detail": score.detail} if isinstance(score, Measured) else {"unscored": score.reason}


def _plain(value: Any) -> Any:
    if isinstance(value, Unscored):
        return {"unscored": value.reason}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    fields = getattr(value, "__dataclass_fields__", None)
    return value if fields is None else {name: _plain(getattr(value, name)) for name in fields}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value
