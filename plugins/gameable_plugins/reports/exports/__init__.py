"""Runs in the file formats of other tools, a format a file."""
