"""A language model's answer to a question of yes or no, as a number: P(Yes) / (P(Yes) + P(No))."""

from __future__ import annotations

from gameable.episode import Measured, Score, Unscored

LEAST_MASS = 0.01
"""What both answers must have together; below it the model says something else, and its answer means nothing."""


def answer(yes: float, no: float, detail: str = "") -> Score:
    """Weigh the probabilities of the two answers; unscored where the model gives neither a chance, or no number."""
    if not yes + no >= LEAST_MASS:  # NaN is not either
        return Unscored(f"the judge answered neither Yes ({yes:.1%}) nor No ({no:.1%})")
    return Measured(yes / (yes + no), f"P(Yes) {yes:.3f}, P(No) {no:.3f}{detail}")
