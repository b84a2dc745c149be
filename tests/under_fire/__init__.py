"""Kills a real run again and again: `python -m under_fire --help`."""
