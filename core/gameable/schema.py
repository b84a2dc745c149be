"""The tables of `run.db`, and how it is opened: every commit is on disk, and readers never wait for the writer."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from gameable import search
from gameable.errors import StoreError
from gameable.runfolder import read_manifest, translated

VERSION = "1"
"""Grows when older code could no longer read what newer code writes, or the other way round. Additions that older code
can do without (the search index) leave it as it is."""

_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', '{VERSION}');
CREATE TABLE prompt (hash TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE episode (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, environment TEXT NOT NULL, split TEXT NOT NULL, variant TEXT NOT NULL,
    label TEXT, unscored TEXT, engaged INTEGER, paid INTEGER, scripted INTEGER NOT NULL,
    prompt TEXT NOT NULL REFERENCES prompt (hash)
) WITHOUT ROWID;
CREATE TABLE body (id TEXT PRIMARY KEY REFERENCES episode (id), data BLOB NOT NULL);
CREATE TABLE score (
    episode TEXT NOT NULL REFERENCES episode (id), source TEXT NOT NULL, value REAL, note TEXT NOT NULL,
    PRIMARY KEY (episode, source)
) WITHOUT ROWID;
CREATE TABLE milestone (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
COMMIT;
"""  # noqa: S608  the version is the constant above

_DURABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON; -- macOS only: there a plain fsync leaves data in the drive's cache
PRAGMA foreign_keys = ON;
"""


def connect(folder: Path, *, write: bool) -> sqlite3.Connection:
    """Open the folder's database, making its tables when it is new; transactions are begun by hand.

    Raises:
        StoreError: missing, damaged, out of reach, or of another version.
    """
    if not write and not (folder / "run.db").exists():
        raise StoreError(f"{folder} has no run.db yet: the run has only just begun, or nothing was ever finished.")
    with translated(folder):
        db = sqlite3.connect(_address(folder, write=write), uri=True, isolation_level=None, check_same_thread=False)
        try:
            if write:
                db.executescript(_DURABLE)
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                db.executescript(_TABLES)
            _check_version(folder, db)
            if write:
                search.complete(db)
        except BaseException:
            db.close()
            raise
        return db


def _address(folder: Path, *, write: bool) -> str:
    file = (folder / "run.db").resolve()
    # Reading normally needs a lock file beside the database. Where none can be made nobody can write either.
    sealed = not os.access(folder, os.W_OK) and not (folder / "run.db-wal").exists()
    return f"{file.as_uri()}?mode={'rwc' if write else 'ro&immutable=1' if sealed else 'ro'}"


def _check_version(folder: Path, db: sqlite3.Connection) -> None:
    (found,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if found != VERSION:
        wrote = read_manifest(folder).get("gameable", "of another version")
        raise StoreError(
            f"{folder} has run format {found}; this gameable reads {VERSION}. gameable {wrote} wrote it: "
            f"`pip install gameable=={wrote}` reads it and goes on with it."
        )
