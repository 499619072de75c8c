"""The pages anybody sees first: nothing leaves the origin, nothing is kept, everybody can use them."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from tests.browser.conftest import DESKTOP, PHONE, Check, OpenPage

PAGES = [
    "/",
    "/privacy/",
    "/ffp/",
    "/foreldresupport/",
    "/foreldresupport/?lang=en",
    "/counsellor/login/",
    "/nobody-here/",
]


LOOKS = {
    f"{size}-{scheme}": {**options, "color_scheme": scheme}
    for size, options in {"phone": PHONE, "desktop": DESKTOP}.items()
    for scheme in ("light", "dark")
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_page_can_be_used_by_everybody(open_page: OpenPage, accessibility: Check, path: str, look: str) -> None:
    page = open_page(path, **LOOKS[look])

    assert accessibility(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_page_that_cannot_be_used_is_caught(page: Page, accessibility: Check) -> None:
    page.set_content("<html><body><img src=''><input></body></html>")

    rules = {line.split(":")[0] for line in accessibility(page)}

    assert {"image-alt", "label", "html-has-lang"} <= rules


@pytest.mark.parametrize("path", PAGES)
def test_nothing_leaves_the_origin_and_nothing_goes_wrong(page: Page, base_url: str, path: str) -> None:
    asked: list[Request] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks the function itself
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
