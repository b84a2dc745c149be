"""Structured logging into the run folder: one JSON object a line, nothing on the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog


@contextmanager
def log_to(folder: Path) -> Iterator[None]:
    """Append all log lines to `log.jsonl` in this folder while the block runs."""
    with (folder / "log.jsonl").open("a+", encoding="utf-8", buffering=1) as file:
        if _is_torn(folder / "log.jsonl"):
            file.write("\n")
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=file),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.reset_defaults()


def _is_torn(file: Path) -> bool:
    """Whether the last line has no end, because the process died while it wrote it."""
    with file.open("rb") as read:
        read.seek(max(read.seek(0, os.SEEK_END) - 1, 0))
        return read.read() not in {b"", b"\n"}
