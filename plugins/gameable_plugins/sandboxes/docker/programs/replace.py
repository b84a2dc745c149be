#!/usr/bin/python3 -IS
"""`replace FILE OLD NEW`: replace every occurrence of a literal text in a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

LARGEST = 2_000_000
"""Bytes that a file may have."""


def main(arguments: list[str]) -> None:
    """Do it, or say why not."""
    if len(arguments) != 3 or not arguments[1]:  # noqa: PLR2004  FILE OLD NEW
        _fail("usage: replace FILE OLD NEW", 2)
    name, old, new = arguments
    try:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST + 1)  # never all of an endless device
        count = content.count(os.fsencode(old))
        if len(content) + count * (len(os.fsencode(new)) - len(os.fsencode(old))) > LARGEST:
            _fail(f"replace: {name}: File too large")
        if not count:
            _fail(f"replace: '{old}' not found in {name}")
        Path(name).write_bytes(content.replace(os.fsencode(old), os.fsencode(new)))
    except OSError as error:
        _fail(f"replace: {name}: {error.strerror}")


def _fail(message: str, code: int = 1) -> NoReturn:
    sys.stderr.buffer.write(os.fsencode(f"{message}\n"))
    sys.exit(code)


main(sys.argv[1:])
