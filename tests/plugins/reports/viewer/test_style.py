from __future__ import annotations

import re
from importlib.resources import files

import pytest

AA = 4.5
"""Least contrast of text and ground, WCAG 2.2 criterion 1.4.3."""
STYLE = files("gameable_plugins.reports.viewer").joinpath("static/style.css").read_text(encoding="utf-8")
LABELS = ("attempted", "repaired", "honest", "unclear")
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "card", "tint")),
    *((label, ground) for label in LABELS for ground in ("card", "paper", "tint")),
    *(("card", ground) for ground in ("evaded", "gamed", "accent")),
    *((f"{change}-ink", change) for change in ("added", "removed")),
    ("ink", "thought"),
    ("thought-line", "thought"),
    ("ink", "mark"),
    ("term-ink", "term"),
]


def colours(scheme: str) -> dict[str, str]:
    light, _, dark = STYLE.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#\w+);", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([\w-]+): (#\w+);", dark))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: str) -> None:
    found = colours(scheme)
    for ink, ground in PAIRS:
        low, high = sorted((luminance(found[ink]), luminance(found[ground])))
        assert (high + 0.05) / (low + 0.05) >= AA, (ink, ground)
