"""What MkDocs calls while it builds the site: pages from elsewhere in the repository, and parts made from the code.

A page holds `<!-- generated: NAME -->` where such a part belongs. Links are written for the repository, and led to
where the site has the same page.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from commands import commands
from plugin_options import bundled_plugins
from profile_keys import profile_keys

ROOT = Path(__file__).parents[2]
OUTSIDE = ("benchmarks/README.md", "examples/editable_tests/README.md")
"""Pages of the site that do not lie in `docs`, by their path in the repository, which is their path in the site too."""

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "plugins": bundled_plugins,
    "profile": profile_keys,
}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere."""
    for path in OUTSIDE:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Fill in what is generated, and lead links to pages of the site."""
    whole = re.sub(r"<!-- generated: (\w+) -->", lambda found: PARTS[found[1]](), markdown)
    return re.sub(r"\]\(([\w./-]+\.md)", lambda found: f"]({_led(found[1], page.file.src_uri)}", whole)


def on_page_content(content: str, **_: object) -> str:
    """Take out a colon that docstrings mark the beginning of an example with, and Markdown does not know."""
    return content.replace("::</p>", ":</p>")


def _led(link: str, page: str) -> str:
    """Turn a link between files of the repository into one between pages of the site."""
    source = page if page in OUTSIDE else f"docs/{page}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    return posixpath.relpath(target.removeprefix("docs/"), posixpath.dirname(page) or ".")
