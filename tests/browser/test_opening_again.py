"""She presses "Start samtalen", and the database answers too late: she presses again, and waits in the queue once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.conftest import MakeDemo
from tests.web import Installation, Web

GAVE_UP_MS = 8_000


@pytest.fixture(scope="module")
def own_installation(demo_on_postgres: MakeDemo, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return demo_on_postgres(tmp_path_factory.mktemp("opening-again"))


@contextmanager
def no_room_for_openings(installation: Installation) -> Iterator[None]:
    """Somebody holds what every opening must have, as a long transaction does; pages and conversations go on."""
    with psycopg.connect(installation.environment["DATABASE_URL"]) as connection:
        connection.execute("SELECT 1 FROM intake_helpline WHERE slug = 'foreldresupport' FOR UPDATE")
        yield
        connection.rollback()


def waiting(installation: Installation) -> int:
    with psycopg.connect(installation.environment["DATABASE_URL"]) as connection:
        query = (
            "SELECT count(*) FROM intake_conversation JOIN intake_helpline AS helpline ON helpline.id = helpline_id"
            " WHERE slug = 'foreldresupport' AND state = 'waiting'"
        )
        [found] = connection.execute(query).fetchone() or [0]
    return int(found)


def test_who_was_answered_too_late_waits_once(own_installation: Installation, open_page: OpenPage) -> None:
    with Web(own_installation, name="opening-again") as web:
        before = waiting(own_installation)
        page = open_page(f"{web.address}/foreldresupport/chat/", **PHONE)
        start = page.get_by_role("button", name="Start samtalen")
        with no_room_for_openings(own_installation):
            start.click()
            problem = page.get_by_role("alert").filter(has_text="Vi får ikke startet samtalen akkurat nå.")
            expect(problem).to_be_visible(timeout=GAVE_UP_MS)
            # A reload forgets nothing of what is under way.
            page.reload()
            start.click()
            expect(problem).to_be_visible(timeout=GAVE_UP_MS)

        start.click()

        expect(page.get_by_role("textbox", name="Melding")).to_be_visible(timeout=GAVE_UP_MS)
        assert waiting(own_installation) == before + 1


def test_who_leaves_while_she_is_let_in_leaves_nothing_and_waits_nowhere(
    own_installation: Installation, open_page: OpenPage
) -> None:
    with Web(own_installation, name="opening-left") as web:
        before = waiting(own_installation)
        page = open_page(f"{web.address}/foreldresupport/chat/", **PHONE)
        # The neutral page takes its time, as on a slow line: this page lives on meanwhile.
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("https://**", hold)
        with (
            page.expect_response(lambda response: response.url.endswith("/end/"), timeout=GAVE_UP_MS) as ended,
            no_room_for_openings(own_installation),
        ):
            page.get_by_role("button", name="Start samtalen").click()
            # Not by a click: Playwright would wait for the page that never comes.
            for _ in range(3):
                page.keyboard.press("Escape")

        assert ended.value.status == 204
        assert waiting(own_installation) == before
        for route in held:
            route.fulfill(body="neutral", content_type="text/plain")
        page.wait_for_url("https://**")
        # Whoever comes to the tab next finds nobody's conversation.
        page.goto(f"{web.address}/foreldresupport/chat/")
        expect(page.get_by_role("button", name="Start samtalen")).to_be_visible()
        assert page.evaluate("Object.keys(sessionStorage)") == []
