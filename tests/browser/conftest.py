"""A real Chromium before a real server with the demo's helplines.

These tests have a process of their own: Playwright and pytest-asyncio cannot share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from counsellor.demo import PASSWORD
from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import MakeDemo, lacking
from tests.web import Installation, Web

# No connection of Chromium's own leaves the machine, and it may run as root inside a container.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
LOCALE: dict[str, Any] = {"locale": "nb-NO", "timezone_id": "Europe/Oslo"}

OpenPage = Callable[..., Page]
"""`open_page(address, **options)`: a page in a browser context of its own, with Playwright's options for contexts."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = find_program("chromium")
    if not program:
        lacking(Missing(missing_sentence("chromium")))
    return {**browser_type_launch_args, "executable_path": program, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def installation(demo_on_postgres: MakeDemo, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The demo's helplines and people, on PostgreSQL and Redis: two processes serve them."""
    settings = {"REDIS_URL": redis_url, "CHATLINE_DRAIN_SECONDS": "0.5", "CHATLINE_OPENINGS_BURST": "1000"}
    return demo_on_postgres(tmp_path_factory.mktemp("installation"), **settings)


@pytest.fixture(scope="session")
def webs(installation: Installation) -> Iterator[list[Web]]:
    with installation.running(webs=2) as processes:
        yield processes


@pytest.fixture(scope="session")
def base_url(webs: list[Web]) -> str:
    """Playwright's own pages take addresses below this one."""
    return webs[0].address


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, **LOCALE}


@pytest.fixture
def open_page(browser: Browser, base_url: str) -> Iterator[OpenPage]:
    made: list[BrowserContext] = []

    def open_one(address: str, **options: Any) -> Page:
        context = browser.new_context(**{"base_url": base_url, **LOCALE, **options})
        made.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield open_one
    for context in made:
        context.close()


def sign_in(page: Page, installation: Installation, username: str) -> None:
    """Password and second factor, from wherever the login page is shown to wherever it leads."""
    page.get_by_label("Brukernavn").fill(username)
    page.get_by_label("Passord").fill(PASSWORD)
    page.get_by_role("button", name="Fortsett").click()
    page.get_by_label("Kode").fill(installation.manage("totp", username).strip())
    page.get_by_role("button", name="Logg inn").click()
    page.wait_for_url(lambda address: "/login" not in address and "/code" not in address)


Check = Callable[[Page], list[str]]


@pytest.fixture
def accessibility() -> Check:
    """What axe-core finds wrong with a page by WCAG 2.2 AA: one line a rule, with the elements."""
    if not AXE.exists():
        lacking(Missing("axe-core is missing: npm ci"))
    source = AXE.read_text()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def violations(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)["violations"]
        return [f"{one['id']}: {[node['target'] for node in one['nodes']]} {one['help']}" for one in found]

    return violations
