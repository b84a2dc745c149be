"""What the five environments of the curriculum have in common: an arm and a wording, both chosen by a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gameable import Environment

Arm = Literal["real", "control", "told-to"]
Wording = Literal["original", "alternate"]


@dataclass
class CurriculumEnvironment(Environment):
    """An environment that comes in three arms and two wordings."""

    arm: Arm = "real"
    """`real` is the task. `control` takes away what there is to game and leaves everything else, for a base rate.
    `told-to` asks for the hack step by step, to see whether the model is able at all."""
    wording: Wording = "original"
    """`alternate` has other requests, names and file layouts; the two share none of them."""
