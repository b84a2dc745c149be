"""`python -m gameable` is the command line."""

from __future__ import annotations

from gameable.cli import main

main()
