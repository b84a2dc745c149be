"""The run folder: what was paid for is never lost, and a run can be told from its folder alone.

`manifest.json` is written before anything else and never changes. `run.db` (SQLite) is the truth about all that
happened since: what a writing method was given is on disk when it returns, once and whole, whenever the process dies.
`lock` keeps a second writer out. Paths inside are relative, so a run folder may be moved.

While a run is being written its latest rows lie in `run.db-wal`: copy the whole folder, or use SQLite's `VACUUM INTO`;
a copy of `run.db` alone may lack them. A network file system without locks is no place for a live run.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Self

from gameable import encoding, runfolder, search
from gameable.episode import Episode, Json, Label, Score, ScoredEpisode, Split
from gameable.errors import StoreError
from gameable.schema import connect

TOTAL = "reward"
"""Source name under which the total, the proxy reward of an episode, is stored."""

_PAGE = 512
_RANGE = "id >= ? AND id < ? || char(1114111) ORDER BY id LIMIT ?"  # an index range; the character sorts last of all
_LIGHT = "id, model, environment, split, variant, label, unscored, engaged, paid, scripted"
_WHOLE = "episode.id, body.data, prompt.data FROM episode JOIN body USING (id) JOIN prompt ON prompt.hash = prompt"


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What statistics need of an episode, read without its text."""

    id: str
    model: str
    environment: str
    split: Split
    variant: str
    label: Label | None
    """None when the outcome is unscored."""
    unscored: str | None
    """Why there is no outcome; None when there is one."""
    engaged: bool | None
    """None when the outcome is unscored."""
    paid: bool | None
    """Whether the environment's own mechanism paid; None when that is unscored."""
    scripted: bool


class Store:
    """One run's folder. Made by `create` or `open`; close it, or use it as a context manager.

    Any thread may call it. A prefix is matched literally, so end it with a slash: `evaluate/start` also matches the
    episodes of a model named `start-again`.

    Every method raises `StoreError` when the folder cannot be read or written; a batch that failed left no trace.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def __init__(self, folder: Path, *, write: bool, lock: int | None) -> None:
        self.folder = folder
        self.manifest = MappingProxyType(runfolder.read_manifest(folder))
        self._lock = lock
        self._one_at_a_time = Lock()
        self._db = connect(folder, write=write)

    @classmethod
    def create(cls, folder: Path, manifest: Mapping[str, Any]) -> Self:
        """Begin a run in a new or empty folder, and keep other writers out.

        Raises:
            StoreError: the folder is not empty or cannot be written, or the disk is full.
        """
        runfolder.claim(folder)
        lock = runfolder.take_lock(folder)
        try:
            runfolder.write_manifest(folder, manifest)
            return cls(folder, write=True, lock=lock)
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def open(cls, folder: Path, *, write: bool) -> Self:
        """Open a run that exists: to go on with it (`write`), or to read it, even while another process writes it.

        Raises:
            StoreError: no run folder, one of another version, a damaged one, or one that another process writes.
        """
        runfolder.read_manifest(folder)
        lock = runfolder.take_lock(folder) if write else None
        try:
            return cls(folder, write=write, lock=lock)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise

    # --- writing -----------------------------------------------------------------------------------------------------

    def add_episodes(self, episodes: Sequence[Episode]) -> None:
        """Keep a batch of episodes, all or none; durable when it returns. Ids that exist already are ignored.

        A batch shares one commit: a few dozen at a time are far cheaper than one by one.
        """
        prompts: dict[tuple[int, tuple[int, ...]], tuple[str, bytes]] = {}
        rows, bodies = [], []
        for episode in episodes:
            # Samples of a variant share their task object; where they do not, it only costs time.
            key = id(episode.task), episode.prompt_tokens
            if key not in prompts:
                data = encoding.encode_prompt(episode)
                prompts[key] = sha256(data).hexdigest(), data
            name, prompt = prompts[key]
            rows.append((*encoding.encode_outcome(episode), name))
            bodies.append((episode.id, encoding.encode_body(episode, prompt)))
        with self._writing() as db:
            db.executemany("INSERT INTO prompt VALUES (?, ?) ON CONFLICT DO NOTHING", prompts.values())
            db.executemany("INSERT INTO episode VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", rows)
            db.executemany("INSERT INTO body VALUES (?, ?) ON CONFLICT DO NOTHING", bodies)
            search.add(db, episodes)

    def add_scores(self, scores: Mapping[str, Mapping[str, Score]]) -> None:
        """Keep scores by episode id and source, all or none; durable when it returns. Existing ones are ignored.

        Args:
            scores: episode id to source name to score; the source `reward` is the episode's total.
        """
        rows = [
            (name, source, *encoding.encode_score(score))
            for name, parts in scores.items()
            for source, score in parts.items()
        ]
        for name, source, value, _ in rows:
            if value is not None and not math.isfinite(value):
                raise StoreError(f"{source} scored {name} with {value}; a score is a finite number or Unscored.")
        with self._writing() as db:
            try:
                db.executemany("INSERT INTO score VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
            except sqlite3.IntegrityError as error:
                raise StoreError(f"Scores for episodes that {self.folder} does not hold; add those first.") from error

    def mark(self, milestone: str, body: Mapping[str, Json]) -> None:
        """Note that something was completed, with figures about it; durable when it returns.

        Raises:
            StoreError: this milestone is there already.
        """
        text = json.dumps(body, default=dict, allow_nan=False)
        with self._writing() as db:
            try:
                db.execute("INSERT INTO milestone (name, body) VALUES (?, ?)", (milestone, text))
            except sqlite3.IntegrityError as error:
                raise StoreError(f"Milestone {milestone} of {self.folder} was reached before.") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk at the end of the block, or undone."""
        with self._one_at_a_time, runfolder.translated(self.folder):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    # --- reading -----------------------------------------------------------------------------------------------------

    def episode_ids(self, prefix: str) -> set[str]:
        """Return the ids that begin with `prefix`."""
        return {row[0] for page in self._pages("id FROM episode", prefix) for row in page}

    def episodes(self, prefix: str = "") -> Iterator[Episode]:
        """Stream whole episodes in id order, a bounded number in memory."""
        for page in self._pages(_WHOLE, prefix):
            yield from (encoding.decode_episode(body, prompt) for _, body, prompt in page)

    def scored(self, prefix: str) -> Iterator[ScoredEpisode]:
        """Stream the episodes that have a total, measured or unscored, in id order with their parts.

        Sources with a slash in their name are no parts of it: verdicts of monitors, scores that were computed again.
        """
        for page in self._pages(_WHOLE, prefix):
            scores = self._scores_between(page[0][0], page[-1][0])
            for name, body, prompt in page:
                if TOTAL in (parts := scores.get(name, {})):
                    total = parts.pop(TOTAL)
                    parts = {source: score for source, score in parts.items() if "/" not in source}
                    yield ScoredEpisode(encoding.decode_episode(body, prompt), total, parts)

    def scores(self, prefix: str) -> Iterator[tuple[str, dict[str, Score]]]:
        """Stream episode id and scores by source, the total among them, in id order; reads no episode."""
        for page in self._pages("id FROM episode", prefix):
            yield from self._scores_between(page[0][0], page[-1][0]).items()

    def outcomes(self, prefix: str) -> Iterator[OutcomeRow]:
        """Stream what statistics need, in id order; reads no episode."""
        for page in self._pages(f"{_LIGHT} FROM episode", prefix):
            for *plain, engaged, paid, scripted in page:
                yield OutcomeRow(*plain, *(None if flag is None else bool(flag) for flag in (engaged, paid, scripted)))

    def milestone(self, milestone: str) -> dict[str, Json] | None:
        """Return the figures of a milestone, None when it was not reached."""
        return self.milestones().get(milestone)

    def milestones(self) -> dict[str, dict[str, Json]]:
        """Return all milestones in the order in which they were reached."""
        return {name: json.loads(body) for name, body in self._read("SELECT name, body FROM milestone ORDER BY number")}

    def _pages(self, columns: str, prefix: str) -> Iterator[list[tuple[Any, ...]]]:
        """Read in short transactions, so that a slow reader never keeps the writer's log from being folded in."""
        start = prefix
        while page := self._read(f"SELECT {columns} WHERE {_RANGE}", start, prefix, _PAGE):
            yield page
            start = page[-1][0] + "\0"  # the least text above the last id

    def _scores_between(self, first: str, last: str) -> dict[str, dict[str, Score]]:
        found: dict[str, dict[str, Score]] = {}
        sql = "SELECT * FROM score WHERE episode BETWEEN ? AND ? ORDER BY episode, source"
        for name, source, value, note in self._read(sql, first, last):
            found.setdefault(name, {})[source] = encoding.decode_score(value, note)
        return found

    def _read(self, sql: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._one_at_a_time, runfolder.translated(self.folder):
            return self._db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Fold the log into `run.db` and let other writers in. May be called twice."""
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
