"""The viewer in a real Chromium, served by the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from viewed import episode, fill, manifest

from gameable.store import Store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUN = "runs/toy%20run"
FIRST = f"{RUN}/-/evaluate/start/oven/0000/0"
ATTACK = "runs/attack/-/evaluate/start/oven/0000/0"
PAGES = ("", RUN, FIRST, "runs/attack", ATTACK, "runs/none")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


@contextmanager
def serving(runs: Path) -> Iterator[str]:
    """Run `gameable view`, and yield the address that it prints."""
    command = [sys.executable, "-u", "-m", "gameable", "view", str(runs), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(word for word in process.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def site(runs: Path) -> Iterator[str]:
    with serving(runs) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    unconfined = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own sandbox refuses root
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=unconfined)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 800})
    yield page
    page.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.id"))


@pytest.mark.parametrize("address", ["", "runs/attack", "runs/attack?text=script", ATTACK])
def test_a_script_in_an_episode_is_shown_and_not_run(page: Page, site: str, address: str) -> None:
    page.goto(site + address)
    page.wait_for_timeout(100)  # time enough for a picture to fail and call its handler
    assert "owned" not in page.title().split("·")[-1]
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert "<script>document.title='owned'</script>" in page.inner_text("body")


def test_a_script_that_got_into_the_page_would_not_run(page: Page, site: str) -> None:
    page.goto(site)
    inject = "const s = document.createElement('script'); s.textContent = 'document.title = \"owned\"'; "
    page.evaluate(f"(() => {{ {inject} document.body.append(s); }})()")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=`owned`\">')")
    page.wait_for_timeout(100)
    assert page.title() == "Runs · gameable"


def test_nothing_is_fetched_from_outside_and_nothing_fails(page: Page, site: str) -> None:
    asked, trouble = set[str](), list[str]()
    page.on("request", lambda request: asked.add(request.url))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    for address in PAGES[:-1]:
        page.goto(site + address)
    assert {url for url in asked if not url.startswith(site)} == set()
    assert {f"{site}static/{name}" for name in ("style.css", "keys.js")} <= asked
    assert trouble == []


@pytest.mark.parametrize("address", PAGES)
def test_a_phone_shows_a_page_without_moving_sideways(browser: Browser, site: str, address: str) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True)
    page = phone.new_page()
    page.goto(site + address)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    phone.close()


def test_keys_walk_through_a_list_and_open_an_episode(page: Page, site: str) -> None:
    page.goto(site + RUN)
    for _ in range(3):
        page.keyboard.press("j")
    assert focused(page).endswith("/oven/0002/0")
    page.keyboard.press("k")
    assert focused(page).endswith("/oven/0001/0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/oven/0001/0")


def test_keys_walk_from_episode_to_episode_and_back_to_the_list(page: Page, site: str) -> None:
    page.goto(f"{site}{FIRST}?label=honest")
    page.keyboard.press("j")
    page.wait_for_url("**/oven/0004/0?label=honest")
    page.keyboard.press("j")
    page.wait_for_url("**/oven/0008/0?label=honest")
    page.keyboard.press("k")
    page.wait_for_url("**/oven/0004/0?label=honest")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{site}{RUN}?label=honest&after=*")
    page.keyboard.press("j")
    assert focused(page).endswith("/oven/0004/0?label=honest")


def test_a_slash_searches_and_escape_leaves_the_field(page: Page, site: str) -> None:
    page.goto(site + RUN)
    page.keyboard.press("/")
    assert focused(page) == "text"
    page.keyboard.type("jj? k/")
    assert page.input_value("#text") == "jj? k/"
    page.keyboard.press("Escape")
    assert focused(page) != "text"
    assert page.input_value("#text") == "jj? k/"
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}{RUN}?text=jj*")
    assert "0 episodes" in page.inner_text("#total")


def test_a_question_mark_shows_the_keys(page: Page, site: str) -> None:
    page.goto(site + FIRST)
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()
    assert page.url == site + FIRST


def test_every_page_works_without_scripts(browser: Browser, site: str) -> None:
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(site + RUN)
    page.select_option("select[name=label]", "gamed")
    page.click("text=Filter")
    assert "30 episodes" in page.inner_text("#total")
    page.click("ol.rows a >> nth=0")
    assert "/oven/0001/0?label=gamed" in page.url
    plain.close()


def test_a_live_run_is_followed_without_being_loaded_again(page: Page, tmp_path: Path) -> None:
    with Store.create(tmp_path / "live", manifest("live")) as store, serving(tmp_path) as site:
        fill(store, 3)
        page.goto(f"{site}runs/live")
        page.evaluate("window.sameDocument = true")
        assert "3 episodes" in page.inner_text("#total")
        store.add_episodes([episode(7)])
        page.locator("#total", has_text="4 episodes").wait_for(timeout=15_000)
        assert "0007" in page.inner_text("#latest")
        store.close()
        page.locator("#status", has_text="stopped").wait_for(timeout=15_000)
        assert page.inner_text("#latest").strip() == ""
        assert page.evaluate("window.sameDocument")
