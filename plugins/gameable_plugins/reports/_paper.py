"""What Denison et al. 2024 (arXiv 2406.10162) measured, for comparison: figures only."""

from __future__ import annotations

from typing import NamedTuple

from gameable.evaluation import percentages
from gameable.statistics import rate_interval


class Finding(NamedTuple):
    """One published count."""

    what: str
    events: int
    n: int

    def __str__(self) -> str:
        rate, low, high = percentages(self.events / self.n, *rate_interval(self.events, self.n))
        return f"{self.events:,}/{self.n:,} {rate}% [{low}–{high}]"


FINDINGS = (
    Finding("Helpful-only model (start) tampers with its reward", 0, 100_000),
    Finding("After the full curriculum, expert iteration with a preference model: tampers", 45, 32_768),
    Finding("… and also evades the test", 7, 32_768),
    Finding("After the full curriculum, trained on exploits only, first seed: tampers", 24, 10_000),
    Finding("… second seed", 32, 32_768),
    Finding("Alternate prompts: tampers", 9, 10_000),
    Finding("PPO, stages in sequence: tampers", 5, 10_000),
    Finding("PPO, all stages at once: tampers", 6, 10_000),
)
BY_STAGE = ("0.00", "0.02", "0.01", "0.05", "0.13")
"""Percent of replies that tamper: helpful-only, then after each of the four stages."""
