"""The coordinator's pages in a real browser: the roster, its pattern, and the settings of a helpline."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, LOCALE, PHONE, Check, OpenPage, sign_in
from tests.web import Installation

PAGES = [
    "/counsellor/ffp/roster/",
    "/counsellor/ffp/roster/pattern/",
    "/counsellor/ffp/roster/draw/",
    "/counsellor/ffp/roster/shifts/new/",
    "/counsellor/shifts/",
    "/counsellor/ffp/settings/",
    "/counsellor/ffp/settings/hours/",
    "/counsellor/ffp/door/",
]
# Sizes and colours do not depend on each other: each size and each scheme once.
LOOKS: dict[str, dict[str, Any]] = {
    "phone-dark": {**PHONE, "color_scheme": "dark"},
    "desktop-light": {**DESKTOP, "color_scheme": "light"},
}


@pytest.fixture(scope="session")
def coordinator_state(browser: Browser, base_url: str, installation: Installation) -> Any:
    """Signed in once: a code cannot be used twice."""
    context = browser.new_context(base_url=base_url, **LOCALE)
    page = context.new_page()
    page.goto("/counsellor/shifts/")
    sign_in(page, installation, "astrid")
    state = context.storage_state()
    context.close()
    return state


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_page_can_be_used_by_everybody(
    open_page: OpenPage, accessibility: Check, coordinator_state: Any, path: str, look: str
) -> None:
    page = open_page(path, storage_state=coordinator_state, **LOOKS[look])

    assert accessibility(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_row_is_copied_to_the_next_day_and_stored(open_page: OpenPage, coordinator_state: Any) -> None:
    page = open_page("/counsellor/ffp/settings/hours/", storage_state=coordinator_state, **DESKTOP)
    exceptions = page.locator("[data-rows]").nth(1)

    exceptions.get_by_role("button", name="Ny dato").press("Enter")
    row = exceptions.locator("[data-row]").last
    expect(row.get_by_label("Dato")).to_be_focused()
    row.get_by_label("Dato").fill("2031-05-16")
    row.get_by_label("Grunn").fill("Fagdag")
    row.get_by_role("button", name="Kopier raden").click()
    exceptions.locator("[data-row]").last.get_by_label("Dato").fill("2031-05-19")
    page.get_by_role("button", name="Lagre").click()

    expect(page.get_by_text("Åpningstidene er lagret.")).to_be_visible()
    assert reasons_by_date(page)["2031-05-16"] == reasons_by_date(page)["2031-05-19"] == "Fagdag"


def reasons_by_date(page: Page) -> dict[str, str]:
    rows = page.locator("[data-rows]").nth(1).locator("[data-row]").all()
    return {row.get_by_label("Dato").input_value(): row.get_by_label("Grunn").input_value() for row in rows}


def test_calendar_address_is_copied_and_opens_without_logging_in(open_page: OpenPage, coordinator_state: Any) -> None:
    options = {**PHONE, "storage_state": coordinator_state, "permissions": ["clipboard-read", "clipboard-write"]}
    page = open_page("/counsellor/shifts/", **options)

    page.get_by_role("button", name="Lag en adresse").click()
    page.get_by_role("button", name="Kopier adressen").click()
    expect(page.get_by_role("button", name="Kopiert")).to_be_visible()

    with urllib.request.urlopen(page.evaluate("navigator.clipboard.readText()")) as calendar:
        assert calendar.read().startswith(b"BEGIN:VCALENDAR")
