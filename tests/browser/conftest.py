"""A real Chromium before a real server with the demo's helplines.

These tests have a process of their own: Playwright and pytest-asyncio cannot share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from scripts.machine import ROOT, Missing, find_program, missing_sentence
from tests.conftest import lacking
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
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 800}}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = find_program("chromium")
    if not program:
        lacking(Missing(missing_sentence("chromium")))
    return {**browser_type_launch_args, "executable_path": program, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """As `make run` makes it: SQLite, the in-memory layer, and the demo's helplines and people."""
    made = Installation(tmp_path_factory.mktemp("installation"), {"CHATLINE_DRAIN_SECONDS": "0.5"})
    made.manage("demo")
    return made


@pytest.fixture(scope="session")
def web(installation: Installation) -> Iterator[Web]:
    with installation.running() as (process,):
        yield process


@pytest.fixture(scope="session")
def base_url(web: Web) -> str:
    """Playwright's pages take addresses below this one."""
    return web.address


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "nb-NO", "timezone_id": "Europe/Oslo"}


Violations = list[str]


@pytest.fixture
def accessibility() -> Callable[[Page], Violations]:
    """What axe-core finds wrong with a page by WCAG 2.2 AA: one line a rule, with the elements."""
    if not AXE.exists():
        lacking(Missing("axe-core is missing: npm ci"))
    source = AXE.read_text()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def violations(page: Page) -> Violations:
        page.evaluate(source)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)["violations"]
        return [f"{one['id']}: {[node['target'] for node in one['nodes']]} {one['help']}" for one in found]

    return violations
