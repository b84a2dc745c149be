"""Who writes a plugin imports `gameable` and `gameable.testing`, and nothing else of ours."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import DOCUMENTS, ROOT, blocks

import gameable
import gameable.testing

PUBLIC = {"gameable": set(gameable.__all__), "gameable.testing": set(gameable.testing.__all__)}
OUTSIDE = sorted(
    file
    for folder in ("tests/sample_plugins", "examples", "core/gameable/templates")
    for file in (ROOT / folder).rglob("*.py")
)
"""Every file of a plugin that is not ours: what authors copy from must be what they may do."""


def trespasses(text: str) -> Iterator[str]:
    """Yield every import of ours that is not public."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (name for name in names if name.startswith("gameable") and name not in PUBLIC)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gameable"):
            known = PUBLIC.get(node.module or "", set())
            yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name not in known)


@pytest.mark.parametrize("file", OUTSIDE, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_plugin_imports_the_public_surface_and_nothing_else(file: Path) -> None:
    assert list(trespasses(file.read_text())) == []


def test_so_does_every_block_of_the_documentation() -> None:
    for file in DOCUMENTS:
        for block in blocks(file):
            if block.language == "python":
                assert list(trespasses(block.text)) == [], str(block)


@pytest.mark.parametrize(
    "line",
    [
        "from gameable.episode import Split",
        "import gameable.store",
        "from gameable import Nothing",
        "from gameable_plugins.sandboxes.bashkit import Bashkit",
    ],
)
def test_anything_else_is_noticed(line: str) -> None:
    assert list(trespasses(line))


@pytest.mark.parametrize("module", [gameable, gameable.testing])
def test_everything_public_is_there_once(module: object) -> None:
    names = vars(module)["__all__"]
    assert len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)
