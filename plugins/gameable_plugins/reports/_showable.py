"""Spells out characters that would not be seen: they steer a terminal, hide, or turn the reading direction."""

from __future__ import annotations

import re

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def showable(text: str) -> str:
    r"""Return `text` with each of them as an escape, such as `\u202e`."""
    return _UNSHOWABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
