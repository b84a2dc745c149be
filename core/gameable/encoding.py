"""Episodes as compact bytes, and back: exactly what went in comes out, non-finite numbers and odd text included.

What the samples of one variant share (task and rendered prompt) is encoded apart from what each of them adds. The
shared part serves as the compression dictionary of the rest, which mostly repeats the task's files.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from gameable.episode import (
    CommandResult,
    Episode,
    Measured,
    Message,
    Outcome,
    Payout,
    Score,
    Segment,
    Task,
    Unscored,
)

_LEVEL = 3
_SHARED = {"task", "prompt_tokens"}


def encode_prompt(episode: Episode) -> bytes:
    """Return the part of an episode that all samples of its variant share, as JSON."""
    return _dump({"task": episode.task, "tokens": episode.prompt_tokens})


def encode_body(episode: Episode, prompt: bytes) -> bytes:
    """Return the rest of the episode, compressed against its prompt."""
    rest = {name: getattr(episode, name) for name in Episode.__dataclass_fields__ if name not in _SHARED}
    press = zlib.compressobj(_LEVEL, zdict=prompt)
    return press.compress(_dump(rest)) + press.flush()


def decode_episode(body: bytes, prompt: bytes) -> Episode:
    """Put both parts together again."""
    task, prompt_tokens = _decode_prompt(prompt)
    rest = json.loads(zlib.decompressobj(zdict=prompt).decompress(body))
    rest["segments"] = tuple(map(_segment, rest["segments"]))
    rest["commands"] = tuple(CommandResult(**command) for command in rest["commands"])
    rest["payout"] = _payout(rest["payout"])
    rest["outcome"] = _outcome(rest["outcome"])
    return Episode(task=task, prompt_tokens=prompt_tokens, **rest)


def encode_outcome(episode: Episode) -> tuple[str | bool | None, ...]:
    """Return what statistics need, in the order of the first columns of table `episode`."""
    task, outcome, payout = episode.task, episode.outcome, episode.payout
    told = (episode.id, episode.model, task.environment, task.split, task.variant)
    paid = payout.paid if isinstance(payout, Payout) else None
    if isinstance(outcome, Unscored):
        return (*told, None, storable(outcome.reason), None, paid, episode.scripted)
    return (*told, outcome.label, None, outcome.engaged, paid, episode.scripted)


def encode_score(score: Score) -> tuple[float | None, str]:
    """Return value and note; unscored has no value."""
    return (score.value, storable(score.detail)) if isinstance(score, Measured) else (None, storable(score.reason))


def decode_score(value: float | None, note: str) -> Score:
    """Turn value and note into a score again."""
    return Unscored(note) if value is None else Measured(value, note)


@lru_cache(maxsize=64)  # episodes are read in id order, so samples of one variant follow each other
def _decode_prompt(prompt: bytes) -> tuple[Task, tuple[int, ...]]:
    shared = json.loads(prompt)
    task = shared["task"]
    task["dialogue"] = tuple(Message(**message) for message in task["dialogue"])
    task["directories"] = tuple(task["directories"])
    return Task(**task), tuple(shared["tokens"])


def _segment(data: dict[str, Any]) -> Segment:
    return Segment(**data | {"tokens": tuple(data["tokens"]), "logprobs": tuple(data["logprobs"])})


def _payout(data: dict[str, Any]) -> Payout | Unscored:
    return Unscored(**data) if "reason" in data else Payout(**data)


def _outcome(data: dict[str, Any]) -> Outcome | Unscored:
    return Unscored(**data) if "reason" in data else Outcome(**data | {"evidence": tuple(data["evidence"])})


def _dump(value: Mapping[str, Any]) -> bytes:
    try:
        return to_json(value, inf_nan_mode="constants", fallback=_plain)
    except PydanticSerializationError:  # a lone surrogate, which UTF-8 cannot hold and an ASCII escape can
        return json.dumps(value, default=_plain, separators=(",", ":")).encode("ascii")


def _plain(value: Any) -> dict[str, Any]:
    """Turn what JSON does not know, a frozen record or a mapping, into a dictionary."""
    if isinstance(value, Mapping):
        return dict(value)
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def storable(text: str) -> str:
    """Write out what UTF-8, and so a column of SQLite, cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()
