"""What a visitor sees when her message does not arrive: soon, and with numbers to call. And then it arrives."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import PHONE, Check, OpenPage, sign_in
from tests.conftest import MakeDemo
from tests.web import Installation, Web

NOT_SENT_MS = 16_000
BACK_MS = 40_000


@pytest.fixture(scope="module")
def own_installation(
    demo_on_postgres: MakeDemo, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """One of its own: whoever is left waiting here must not stand in the queue of another test."""
    return demo_on_postgres(tmp_path_factory.mktemp("not-sent"), REDIS_URL=redis_url)


@pytest.fixture
def web(own_installation: Installation) -> Iterator[Web]:
    """A process of the test's own, which it may freeze and kill."""
    with Web(own_installation, name="not-sent") as own:
        yield own


@contextmanager
def frozen(web: Web) -> Iterator[None]:
    """It keeps its sockets open and does nothing, as a machine does that is out of memory."""
    os.kill(web.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(web.pid, signal.SIGCONT)


def open_chat(open_page: OpenPage, web: Web, **options: object) -> Page:
    page = open_page(f"{web.address}/foreldresupport/chat/", **{**PHONE, **options})
    page.get_by_role("button", name="Start samtalen").click()
    send(page, "Hei")
    expect(page.get_by_text("Sendt", exact=True)).to_be_visible()
    return page


def send(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Melding").fill(text)
    page.get_by_role("button", name="Send").click()


def expect_not_sent(page: Page, text: str) -> None:
    waiting = page.locator("[data-outbox] > *").filter(has_text=text)
    expect(waiting.get_by_role("button", name="Prøv igjen")).to_be_visible(timeout=NOT_SENT_MS)
    help_now = page.locator("[data-unsent-help]")
    expect(help_now.get_by_text("Meldingen er ikke sendt.")).to_be_visible()
    expect(help_now.get_by_role("link", name="113")).to_be_visible()


def expect_sent_once(page: Page, texts: list[str]) -> None:
    expect(page.locator("[role=log] [data-body]")).to_have_text(texts, timeout=BACK_MS)
    expect(page.locator("[data-outbox] > *")).to_have_count(0)
    expect(page.locator("[data-unsent-help]")).to_be_hidden()


def test_message_to_a_frozen_server_is_shown_as_not_sent_and_goes_once_when_it_thaws(
    web: Web, open_page: OpenPage, accessibility: Check
) -> None:
    page = open_chat(open_page, web)

    with frozen(web):
        send(page, "Er du der?")
        expect_not_sent(page, "Er du der?")
        assert accessibility(page) == []
        page.get_by_role("button", name="Prøv igjen").click()

    expect_sent_once(page, ["Hei", "Er du der?"])


def test_message_to_a_killed_server_goes_when_it_is_back_once_for_all_readers(
    web: Web, own_installation: Installation, open_page: OpenPage
) -> None:
    page = open_chat(open_page, web)

    web.kill()
    send(page, "Alt er nede")
    expect_not_sent(page, "Alt er nede")
    web.start()

    expect_sent_once(page, ["Hei", "Alt er nede"])
    counsellor = open_page(f"{web.address}/counsellor/")
    sign_in(counsellor, own_installation, "mona")
    counsellor.get_by_role("button", name="Ta samtalen").last.click()
    expect(counsellor.get_by_role("log").get_by_text("Alt er nede")).to_have_count(1)


def test_message_survives_a_reload_while_the_server_is_away(web: Web, open_page: OpenPage) -> None:
    page = open_chat(open_page, web)
    web.kill()
    send(page, "Lastet på nytt")
    expect_not_sent(page, "Lastet på nytt")

    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        page.reload()
    web.start()
    page.goto(f"{web.address}/foreldresupport/chat/")

    expect_sent_once(page, ["Hei", "Lastet på nytt"])
