"""Links between files of the repository; those of the site, with their anchors, are checked where it is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import DOCUMENTS, ROOT

LINK = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")


def dead(file: Path, text: str) -> list[str]:
    return [link for link in LINK.findall(text) if not (file.parent / link).exists()]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_to_files(file: Path) -> None:
    base = ROOT / "CHANGELOG.md" if file.parent == ROOT / "changes" and file.name != "README.md" else file
    assert dead(base, file.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_noticed() -> None:
    assert dead(ROOT / "README.md", "[here](docs/index.md), [there](docs/nowhere.md#there)") == ["docs/nowhere.md"]
