"""Finds episodes among many: pages in id order by stage, environment, label, reward and text, without reading them all.

A page is found by where the one before it ended, never by counting from the start, so that the last page of a hundred
thousand episodes is as quick as the first, and none is skipped or shown twice while a run is being written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from gameable import encoding, search
from gameable.episode import Episode, Label, Score
from gameable.runfolder import translated
from gameable.schema import connect
from gameable.store import TOTAL

Found = Label | Literal["unscored"]

_LAST = "\U0010ffff"  # sorts after everything that an id may hold
_PARTS = 3  # ids with more of them name a stage after the phase
_COLUMNS = "id, model, environment, label, unscored, paid, scripted, value, note"
_TABLES = f"episode LEFT JOIN score ON score.episode = id AND score.source = '{TOTAL}'"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which episodes are looked for; what is left empty admits all."""

    prefix: str = ""
    """How ids begin, matched literally: `evaluate/start/`."""
    environment: str = ""
    label: Found | Literal[""] = ""
    least: float | None = None
    """Lower bound of the proxy reward; with either bound, episodes without a measured one are left out."""
    most: float | None = None
    text: str = ""
    """Words that all occur in what was written; "in quotes" a phrase, with a star* the beginning of a word."""


class Line(NamedTuple):
    """What a list shows of an episode."""

    id: str
    model: str
    environment: str
    label: Found
    reason: str
    """Why the outcome is unscored; empty when there is one."""
    paid: bool | None
    """Whether the environment's own mechanism paid; None when that is unscored."""
    scripted: bool
    reward: Score | None
    """The proxy reward; None where none was asked for, as in evaluation."""


class Count(NamedTuple):
    """How many episodes of an environment have a label."""

    environment: str
    label: Found
    n: int


class Catalogue:
    """The episodes of one run, for reading, even while another process writes them. Use it in one thread, and close it.

    Every method raises `StoreError` when the folder cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._db = connect(folder, write=False)
        self._matched = ""

    def page(self, wanted: Wanted, *, after: str = "", before: str = "", limit: int) -> list[Line]:
        """Return up to `limit` episodes in id order: those that follow `after`, or the last ones ahead of `before`."""
        where, values = self._conditions(wanted)
        edge, order = ("id < ?", "DESC") if before else ("id > ?", "ASC")
        sql = f"SELECT {_COLUMNS} FROM {_TABLES} WHERE {where} AND {edge} ORDER BY id {order} LIMIT ?"  # noqa: S608  all ours
        lines = [_line(row) for row in self._read(sql, *values, before or after, limit)]
        return lines[::-1] if before else lines

    def count(self, wanted: Wanted) -> int:
        """Return how many episodes there are of these."""
        where, values = self._conditions(wanted)
        tables = _TABLES if "value" in where else "episode"
        return int(self._read(f"SELECT count(*) FROM {tables} WHERE {where}", *values)[0][0])  # noqa: S608  all ours

    def counts(self, prefix: str = "") -> list[Count]:
        """Count labels by environment among the ids that begin with `prefix`."""
        where, values = self._conditions(Wanted(prefix))
        sql = f"SELECT environment, label, count(*) FROM episode WHERE {where} GROUP BY environment, label"  # noqa: S608  all ours
        return [Count(environment, label or "unscored", n) for environment, label, n in self._read(sql, *values)]

    def stages(self) -> list[str]:
        """Return phases and stages as ids begin, `evaluate/start`, or the phase alone where it has none; sorted."""
        found, start = [], ""
        while row := self._read("SELECT min(id) FROM episode WHERE id > ?", start)[0]:
            if row[0] is None:
                break
            parts = row[0].split("/")
            found.append("/".join(parts[:2] if len(parts) > _PARTS else parts[:1]))
            start = f"{found[-1]}/{_LAST}"
        return found

    def episode(self, name: str) -> Episode | None:
        """Return one whole episode, None where there is none of this id."""
        sql = (
            "SELECT body.data, prompt.data FROM episode JOIN body USING (id) JOIN prompt ON prompt.hash = prompt "
            "WHERE id = ?"
        )
        return next((encoding.decode_episode(*row) for row in self._read(sql, name)), None)

    def scores(self, name: str) -> dict[str, Score]:
        """Return what is stored for one episode, by source: the proxy reward, its parts, verdicts of monitors."""
        rows = self._read("SELECT source, value, note FROM score WHERE episode = ? ORDER BY source", name)
        return {source: encoding.decode_score(value, note) for source, value, note in rows}

    def latest(self, limit: int) -> list[str]:
        """Return the ids that were written last, newest first; empty for a run of older code."""
        if search.lacking(self._db):
            return []
        return [name for (name,) in self._read("SELECT id FROM listed ORDER BY number DESC LIMIT ?", limit)]

    def _conditions(self, wanted: Wanted) -> tuple[str, Sequence[str | float]]:
        label = "label IS NULL AND ? = 'unscored'" if wanted.label == "unscored" else "label = ?"
        known: list[tuple[str, str | float | None]] = [
            ("id >= ?", wanted.prefix or None),
            ("id < ?", wanted.prefix + _LAST if wanted.prefix else None),
            ("+environment = ?", wanted.environment or None),  # the plus bars an index that is not in id order
            (label, wanted.label or None),
            ("value >= ?", wanted.least),
            ("value <= ?", wanted.most),
        ]
        given = [(condition, value) for condition, value in known if value is not None]
        conditions = [condition for condition, _ in given]
        if wanted.text.strip():
            self._match(wanted.text)
            conditions.append("id IN matched")
        return " AND ".join(conditions) or "TRUE", [value for _, value in given if value is not None]

    def _match(self, text: str) -> None:
        if text != self._matched:
            with translated(self.folder):
                search.match(self._db, text)
            self._matched = text

    def _read(self, sql: str, *values: str | float) -> list[tuple[Any, ...]]:
        with translated(self.folder):
            return self._db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _line(row: tuple[Any, ...]) -> Line:
    name, model, environment, label, unscored, paid, scripted, value, note = row
    reward = None if note is None else encoding.decode_score(value, note)
    was_paid = None if paid is None else bool(paid)
    return Line(name, model, environment, label or "unscored", unscored or "", was_paid, bool(scripted), reward)
