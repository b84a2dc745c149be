"""Monitors and mitigations that ship with gameable."""
