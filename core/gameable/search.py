"""The search index of a run: which episodes hold which words, and in which order they came.

It is an addition to `run.db` that older code neither needs nor minds: episodes which that code wrote are listed when
the run is next opened for writing. Nothing else depends on it, so a run without it is whole.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator

from gameable import encoding
from gameable.episode import Episode, Outcome

_TABLES = """
CREATE TABLE IF NOT EXISTS {schema}.listed (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE IF NOT EXISTS {schema}.words USING fts5 (text, content = '');
"""
"""`words` keeps no text, only where each word occurs; its row numbers are those of `listed`."""

_INDEX = "CREATE INDEX IF NOT EXISTS kind ON episode (environment, label);"

_UNLISTED = """
SELECT body.data, prompt.data FROM episode JOIN body USING (id) JOIN prompt ON prompt.hash = prompt
WHERE id NOT IN (SELECT id FROM listed)
"""
_TERM = re.compile(r'"([^"]*)"|(\S+)')


def add(db: sqlite3.Connection, episodes: Iterable[Episode]) -> None:
    """List episodes and their words, in the caller's transaction; those that are listed stay as they are."""
    for episode in episodes:
        new = db.execute("INSERT INTO listed (id) VALUES (?) ON CONFLICT DO NOTHING", (episode.id,))
        if new.rowcount:
            db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (new.lastrowid, _searchable(episode)))


def _searchable(episode: Episode) -> str:
    """What is searched: the assistant turn with outputs and hidden thought, and what the judge saw in it."""
    found = episode.outcome.evidence if isinstance(episode.outcome, Outcome) else (episode.outcome.reason,)
    return encoding.storable("\n".join((episode.text, *found)))


def complete(db: sqlite3.Connection) -> None:
    """Make the tables where there are none, and list what older code wrote without listing it."""
    db.executescript(_TABLES.format(schema="main") + _INDEX)
    if lacking(db):
        db.execute("BEGIN IMMEDIATE")
        try:
            add(db, _unlisted(db))
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def _stand_in(db: sqlite3.Connection) -> None:
    """Give a connection that may only read an index of its own, in memory, if the run's is missing or has gaps."""
    if lacking(db):
        db.execute("PRAGMA temp_store = MEMORY")
        db.executescript(_TABLES.format(schema="temp"))  # from here on these names mean the temporary tables
        add(db, _unlisted(db))


def match(db: sqlite3.Connection, text: str) -> None:
    """Leave the ids of the episodes in which all of `text` occurs in the temporary table `matched`."""
    _stand_in(db)
    db.executescript(
        "DROP TABLE IF EXISTS temp.matched; CREATE TEMP TABLE matched (id TEXT PRIMARY KEY) WITHOUT ROWID;"
    )
    db.execute(
        "INSERT INTO matched SELECT id FROM words JOIN listed ON number = words.rowid WHERE words MATCH ?",
        (_expression(text),),
    )


def lacking(db: sqlite3.Connection) -> bool:
    """Whether episodes are missing from the index, or there is none."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'listed'").fetchone():
        return True
    ((episodes, listed),) = db.execute("SELECT (SELECT count(*) FROM episode), (SELECT count(*) FROM listed)")
    return bool(listed < episodes)


def _unlisted(db: sqlite3.Connection) -> Iterator[Episode]:
    for body, prompt in db.execute(_UNLISTED):
        yield encoding.decode_episode(body, prompt)


def terms(text: str) -> list[str]:
    """Split what a person typed into words, "phrases" and beginnings*; what holds no letter or digit is left out."""
    found = [phrase or word for phrase, word in _TERM.findall(text.replace("\0", " "))]
    return [term.replace('"', " ").strip() for term in found if re.search(r"[^\W_]", term)]


def _expression(text: str) -> str:
    """Turn what a person typed into a full-text query: each term must occur."""
    quoted = [f'"{term.rstrip("*")}"' + ("*" if term.endswith("*") else "") for term in terms(text)]
    return " ".join(quoted) or '""'  # an empty phrase occurs nowhere
