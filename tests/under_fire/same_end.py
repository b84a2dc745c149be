"""Holds two run folders of one profile against each other: everything that a run leaves but its times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from gameable.evaluation import cells
from gameable.store import Store

_TIMES = {"seconds", "took", "finished", "peak_memory_bytes"}


def differences(whole: Path, other: Path) -> list[str]:
    """Say in what `other` differs from `whole`, and what is not as it must be in any finished run."""
    with Store.open(whole, write=False) as left, Store.open(other, write=False) as right:
        return [*_stores(left, right), *_files(whole / "checkpoints", other / "checkpoints"), *_rubbish(other)]


def _stores(left: Store, right: Store) -> Iterator[str]:
    theirs = {episode.id: episode for episode in right.episodes()}
    for episode in left.episodes():
        other = theirs.pop(episode.id, None)
        if other != episode:
            yield f"{'no' if other is None else 'another'} episode {episode.id}"
    yield from (f"an episode too many, {name}" for name in theirs)
    if list(left.scores("")) != list(right.scores("")):
        yield "other scores"
    if cells(left) != cells(right):
        yield "another matrix"
    yield from _milestones(left.milestones(), right.milestones())


def _milestones(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[str]:
    if list(left) != list(right):
        yield f"milestones {list(right)} in place of {list(left)}"
    for name in left.keys() & right.keys():
        mine, other = _timeless(left[name]), _timeless(right[name])
        if name.startswith("rewards/"):  # what training it cost is told by the process that trained it alone
            mine, other = (
                {key: body[key] for key in mine.keys() & other.keys() - {"cached"}} for body in (mine, other)
            )
        if mine != other:
            yield f"milestone {name}: {other} in place of {mine}"


def _timeless(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: _timeless(value) for key, value in body.items() if key not in _TIMES}
    return [_timeless(value) for value in body] if isinstance(body, list) else body


def _files(left: Path, right: Path) -> Iterator[str]:
    mine, other = _hashes(left), _hashes(right)
    for name in sorted(mine.keys() | other.keys()):
        if mine.get(name) != other.get(name):
            yield f"checkpoints/{name}: {'other bytes' if name in mine and name in other else 'only in one'}"


def _hashes(folder: Path) -> dict[str, str]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return {str(each.relative_to(folder)): sha256(each.read_bytes()).hexdigest() for each in files}


def _rubbish(run: Path) -> Iterator[str]:
    patterns = ("*.tmp", "checkpoints/*.partial", "checkpoints/*.scratch")
    yield from (f"left behind: {each.relative_to(run)}" for pattern in patterns for each in run.glob(pattern))


def doubled(run: Path) -> list[str]:
    """Return the ids that stand in a table more than once, and tables that hold more or fewer episodes than others."""
    with closing(sqlite3.connect(f"{(run / 'run.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
        found = []
        for table in ("episode", "body", "listed"):
            rows = db.execute(f"SELECT id, count(*) FROM {table} GROUP BY id HAVING count(*) > 1")  # noqa: S608  our names
            found += [f"{name}: {count} times in {table}" for name, count in rows]
        (counts,) = db.execute(
            "SELECT (SELECT count(*) FROM episode), (SELECT count(*) FROM body), (SELECT count(*) FROM listed)"
        )
        (whole,) = db.execute("PRAGMA integrity_check").fetchone()
    return found + [f"episodes, bodies, listed: {counts}"] * (len(set(counts)) > 1) + [whole] * (whole != "ok")
