"""The pages anybody sees first: nothing leaves the origin, nothing is kept, everybody can use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.browser.conftest import SIZES

PAGES = ["/", "/ffp/", "/foreldresupport/", "/foreldresupport/?lang=en", "/counsellor/login/", "/nobody-here/"]


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def looking(
    request: pytest.FixtureRequest, browser: Browser, browser_context_args: dict[str, Any], base_url: str
) -> Page:
    """A page at each size, in light and in dark."""
    size, scheme = request.param
    options = {**browser_context_args, "base_url": base_url, "viewport": SIZES[size], "color_scheme": scheme}
    context = browser.new_context(**options)
    request.addfinalizer(context.close)
    return context.new_page()


@pytest.mark.parametrize("path", PAGES)
def test_page_can_be_used_by_everybody(looking: Page, path: str, accessibility: Callable[[Page], list[str]]) -> None:
    looking.goto(path)

    assert accessibility(looking) == []


@pytest.mark.parametrize("path", PAGES)
def test_page_fits_its_width(looking: Page, path: str) -> None:
    looking.goto(path)

    assert looking.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_page_that_cannot_be_used_is_caught(page: Page, accessibility: Callable[[Page], list[str]]) -> None:
    page.set_content("<html><body><img src=''><input></body></html>")

    rules = {line.split(":")[0] for line in accessibility(page)}

    assert {"image-alt", "label", "html-has-lang"} <= rules


@pytest.mark.parametrize("path", PAGES)
def test_nothing_leaves_the_origin_and_nothing_goes_wrong(page: Page, base_url: str, path: str) -> None:
    asked: list[Request] = []
    complaints: list[str] = []
    page.on("request", asked.append)
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(path)
    page.wait_for_load_state("networkidle")

    assert asked
    assert [request.url for request in asked if not request.url.startswith(base_url)] == []
    assert [text for text in complaints if not (path == "/nobody-here/" and "404" in text)] == []


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/counsellor")])
def test_visitor_gets_no_cookie_and_nothing_is_kept(page: Page, context: BrowserContext, path: str) -> None:
    page.goto(path)

    assert context.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("caches.keys()") == []
