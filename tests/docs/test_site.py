"""The documentation site, built as `make docs` builds it, but without a network."""

from __future__ import annotations

import html
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from documents import ROOT
from markdown_it import MarkdownIt

import gameable
import gameable.testing
from gameable import hookspecs
from gameable.cli import app
from gameable.factories import load
from gameable.hook_checks import HOOKS
from gameable.plugins import Plugins
from gameable.profile import Profile

WITHOUT_NETWORK = """
import socket

def refuse(*_):
    raise OSError("no network here")

socket.socket.connect = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli()
"""


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build with the arguments of `make docs`: `--quiet`, for one, would let every fault pass."""
    (arguments,) = re.findall(r"/mkdocs (build.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    places = ["--config-file", str(source / "mkdocs.yml"), "--site-dir", str(site)]
    command = [sys.executable, "-c", WITHOUT_NETWORK, *arguments.split(), *places]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    return config


def pages(part: Any) -> Iterator[str]:
    """Yield every page of the navigation, as it is called in the configuration."""
    if isinstance(part, str):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from pages(each)


PAGES = list(pages(read_config()["nav"]))


def built(page: str) -> str:
    return str(Path(page).with_name("index.html") if page.endswith("README.md") else Path(page).with_suffix(".html"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def article(site: Path, page: str) -> str:
    """The page itself, without what stands around it."""
    return (site / built(page)).read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]


def text(site: Path, page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", article(site, page)))


def anchors(site: Path, page: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', article(site, page)))


# --- the whole site --------------------------------------------------------------------------------------------------


def test_every_page_of_the_navigation_is_there(site: Path) -> None:
    assert [page for page in PAGES if not (site / built(page)).is_file()] == []
    assert len(PAGES) == len(set(PAGES))


def test_every_document_in_docs_is_in_the_navigation() -> None:
    assert {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs").rglob("*.md")} <= set(PAGES)


def fetched(markup: str) -> list[str]:
    """Return addresses elsewhere that a browser asks for by itself when it shows this page or reads this style."""
    sources = re.findall(
        r"""<(?!a\b|form\b)[a-z]+\b[^>]*\b(?:src|href|srcset|data|poster)=["']?((?:https?:)?//[^"'\s>]+)""", markup
    )
    styles = re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", markup)
    return sources + styles


def test_nothing_is_fetched_from_outside(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > len(PAGES)
    assert {str(file): found for file in files if (found := fetched(file.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    "markup",
    [
        '<script async src="https://cdn.example/a.js"></script>',
        "<link rel=stylesheet href=//fonts.example/css>",
        '<img alt="" src="http://example.org/a.png">',
        "body { background: url(https://example.org/a.png) }",
        '@import "https://example.org/a.css";',
    ],
)
def test_what_would_be_fetched_is_noticed(markup: str) -> None:
    assert fetched(markup)
    assert not fetched('<a href="https://example.org">there</a> <img src="assets/a.png">')


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("reference/")])
def test_a_page_has_the_lists_tables_and_blocks_that_its_text_has_elsewhere(site: Path, page: str) -> None:
    """MkDocs reads Markdown otherwise than code hosts do: a list needs a blank line before it, for example."""
    source = ROOT / page if (ROOT / page).is_file() else ROOT / "docs" / page
    elsewhere = MarkdownIt().enable("table").render(source.read_text(encoding="utf-8"))
    here = article(site, page)
    assert {tag: here.count(tag) for tag in ("<li", "<table", "<pre")} == {
        tag: elsewhere.count(tag) for tag in ("<li", "<table", "<pre")
    }


# --- what makes a build fail -----------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The site's configuration with two short pages that have no fault."""
    config = read_config() | {"nav": ["index.md", "other.md"], "plugins": [], "hooks": []}
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[Other](other.md#part)\n")
    (tmp_path / "docs" / "other.md").write_text("# Other\n\n## Part\n")
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config))
    return tmp_path


def test_a_broken_link_and_a_page_outside_the_navigation_make_the_build_fail(copy: Path) -> None:
    (copy / "docs" / "index.md").write_text("# Home\n\n[Other](othr.md) [Part](other.md#prt)\n")
    (copy / "docs" / "third.md").write_text("# Third\n")
    done = build(copy, copy / "site")
    assert done.returncode == 1
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert len(warnings) == 3, done.stderr
    assert all(fault in done.stderr for fault in ("othr.md", "#prt", "third.md"))


# --- the reference ---------------------------------------------------------------------------------------------------


def test_the_reference_has_every_command_with_its_options(site: Path) -> None:
    found = text(site, "reference/commands.md")
    waiting: list[tuple[str, Any]] = [("gameable", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        assert name in found
        for parameter in command.params:
            assert all(option in found for option in parameter.opts if option.startswith("--")), name
        waiting += [(f"{name} {each}", part) for each, part in getattr(command, "commands", {}).items()]


def test_the_reference_has_every_key_of_a_profile(site: Path) -> None:
    found = text(site, "reference/profile.md")
    schema = Profile.model_json_schema()
    for name, section in {"Profile": schema, **schema["$defs"]}.items():
        assert name.lower() in anchors(site, "reference/profile.md")
        assert all(f"\n{key}\n" in found for key in section["properties"]), name


def test_the_reference_has_every_bundled_plugin_with_its_options(site: Path) -> None:
    found, plugins = text(site, "reference/plugins.md"), Plugins()
    rows = [row for row in plugins.rows() if row.distribution == "gameable"]
    kinds = {kind.kind: kind for kind in HOOKS.values()}
    assert {row.kind for row in rows} == set(kinds)
    for row in rows:
        assert row.name in found
        offer = plugins.find(kinds[row.kind], row.name)
        made = None if offer.contract is object else load(offer)
        options = [each.name for each in fields(made) if each.init] if is_dataclass(made) else []
        assert all(f"\n{option}\n" in found for option in options), row.name


def test_the_reference_has_everything_that_an_author_may_import(site: Path) -> None:
    found = {anchor for page in PAGES if page.startswith("reference/") for anchor in anchors(site, page)}
    assert {f"gameable.{name}" for name in gameable.__all__} <= found
    assert {f"gameable.testing.{name}" for name in gameable.testing.__all__} <= found


def test_the_reference_has_every_hook_with_its_docstring(site: Path) -> None:
    found = text(site, "reference/hooks.md")
    for name in HOOKS:
        assert f"gameable.hookspecs.{name}" in anchors(site, "reference/hooks.md")
        first = (inspect.getdoc(getattr(hookspecs, name)) or "").partition("\n")[0]
        assert first.replace("`", "") in found
