#!/usr/bin/python3 -IS
"""`write FILE TEXT`: make or overwrite a file with one text and a line break."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn


def main(arguments: list[str]) -> None:
    """Do it, or say why not."""
    if len(arguments) != 2:  # noqa: PLR2004  FILE TEXT
        _fail("usage: write FILE TEXT", 2)
    name, text = arguments
    try:
        Path(name).write_bytes(os.fsencode(f"{text}\n"))
    except OSError as error:
        _fail(f"write: {name}: {error.strerror}")


def _fail(message: str, code: int = 1) -> NoReturn:
    sys.stderr.buffer.write(os.fsencode(f"{message}\n"))
    sys.exit(code)


main(sys.argv[1:])
