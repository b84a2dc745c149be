"""Reports in black and white, on a phone, by a screen reader; of one run and of several seeds alike."""

from __future__ import annotations

from itertools import pairwise

import pytest
from finished import seeds_of
from reported import Page, page
from whole_run import MANIFEST, MODELS, fill

from gameable.store import Store
from gameable_plugins.reports._drawing import STYLES
from gameable_plugins.reports.html import write


@pytest.fixture(scope="module", params=["run", "seeds"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("readable") / "run"
    if request.param == "seeds":
        seeds_of(folder, 1, 2)
    else:
        with Store.create(folder, MANIFEST) as store:
            fill(store, len(MODELS))
    write(folder)
    return page(folder)


def test_styles_differ_without_their_colours() -> None:
    assert len({(style["marker"], str(style["linestyle"])) for style in STYLES}) == len(STYLES)
    assert len({style["marker"] for style in STYLES}) == len(STYLES)


def test_the_language_is_told_and_a_phone_gets_its_own_width(report: Page) -> None:
    tags = dict(report.tags)
    assert tags["html"]["lang"] == "en"
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in report.tags


def test_headings_are_in_order(report: Page) -> None:
    levels = [int(tag[1]) for tag, _ in report.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(report.headings)


def test_pictures_and_tables_can_be_read_aloud(report: Page) -> None:
    assert all(str(attributes.get("alt", "")).strip() for tag, attributes in report.tags if tag == "img")
    assert all(attributes.get("scope") for tag, attributes in report.tags if tag == "th")
    assert sum(tag == "table" for tag, _ in report.tags) == sum(tag == "caption" for tag, _ in report.tags)


def test_wide_things_scroll_by_themselves_and_can_be_reached_by_key(report: Page) -> None:
    wide = [attributes for tag, attributes in report.tags if attributes.get("class") == "scroll"]
    assert len(wide) >= sum(tag == "table" for tag, _ in report.tags)
    assert all(each["tabindex"] == "0" and each["role"] == "region" and each["aria-label"] for each in wide)


def test_nothing_comes_from_outside(report: Page) -> None:
    for tag, attributes in report.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed"}
        assert (attributes.get("src") or "data:").startswith("data:")
        assert "//" not in (attributes.get("href") or "")
