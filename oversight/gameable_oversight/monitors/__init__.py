"""Oversight monitors, one file each."""
