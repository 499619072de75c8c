"""The staff room in Chromium: the doors, the desk with several conversations, and what a script cannot be without."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, sign_in
from tests.web import Installation

Check = Callable[[Page], list[str]]


class Visitor:
    """Somebody who opened a conversation and has her token."""

    def __init__(self, base_url: str) -> None:
        self.base = f"{base_url}/foreldresupport/conversations/"
        self.token = self.ask(self.base, "POST", {"language": "nb", "intro": {}})["token"]

    def ask(self, address: str, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if body is None:
            headers = {"Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def erase(self) -> None:
        """Gone already is as good."""
        try:
            self.ask(f"{self.base}current/", "DELETE")
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise

    def end(self) -> None:
        self.ask(f"{self.base}current/end/", "POST")


@pytest.fixture
def visitor(base_url: str):
    one = Visitor(base_url)
    yield one
    one.erase()


@pytest.fixture
def other_visitor(base_url: str):
    one = Visitor(base_url)
    yield one
    one.erase()


@pytest.fixture(scope="module")
def sessions() -> dict[str, Any]:
    """Cookies by user name: no code works twice, so nobody can log in as often as these tests would."""
    return {}


@pytest.fixture
def desk_of(open_page: OpenPage, installation: Installation, sessions: dict[str, Any]):
    def desk(username: str, **options: Any) -> Page:
        page = open_page("/counsellor/", **(options or DESKTOP), storage_state=sessions.get(username))
        if username not in sessions:
            sign_in(page, installation, username)
            sessions[username] = page.context.storage_state()
        expect(page.locator("[data-desk]")).to_be_visible()
        return page

    return desk


def take(page: Page) -> None:
    page.get_by_role("button", name="Ta samtalen").first.click()


def shown_chat(page: Page):
    return page.locator(".chat:not([hidden])")


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_doors_are_accessible(device, open_page, installation, accessibility: Check):
    page = open_page("/counsellor/login/", **device)
    assert accessibility(page) == []
    sign_in(page, installation, "per")
    for address in ("/counsellor/account/", "/counsellor/account/app/", "/counsellor/account/password/"):
        page.goto(address)
        assert accessibility(page) == [], address


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_desk_is_accessible_waiting_writing_and_registering(device, visitor, desk_of, accessibility: Check):
    page = desk_of("per", **device)
    assert accessibility(page) == []
    take(page)
    expect(shown_chat(page)).to_be_visible()
    assert accessibility(page) == []
    visitor.end()
    expect(page.locator(".chat:not([hidden]) [data-contact-form]")).to_be_visible()
    assert accessibility(page) == []


def test_conversation_is_taken_by_one_and_the_other_is_told(visitor, desk_of):
    quick, slow = desk_of("mona"), desk_of("per")
    slow.route("**/counsellor/queue/", lambda route: route.abort())  # she does not see that it is gone
    expect(slow.get_by_role("button", name="Ta samtalen")).to_be_visible()
    take(quick)
    expect(shown_chat(quick)).to_be_visible()
    take(slow)
    expect(slow.get_by_role("alert")).to_have_text("En annen rådgiver tok samtalen først.")
    expect(shown_chat(slow)).to_have_count(0)


def test_two_conversations_are_held_by_keyboard_alone(visitor, other_visitor, desk_of):
    page = desk_of("mona")
    for waiting in (2, 1):
        expect(page.locator("[data-claim]")).to_have_count(waiting)
        page.keyboard.press("Alt+k")
        page.keyboard.press("Enter")
        expect(shown_chat(page)).to_have_count(1)
    page.keyboard.type("Til den andre")
    page.keyboard.press("Enter")
    expect(shown_chat(page).get_by_role("log")).to_contain_text("Til den andre")
    page.keyboard.press("Alt+ArrowUp")
    expect(shown_chat(page).get_by_role("log")).not_to_contain_text("Til den andre")
    page.keyboard.press("Alt+ArrowDown")
    expect(shown_chat(page).get_by_role("log")).to_contain_text("Til den andre")


def test_draft_and_chosen_conversation_survive_a_reload(visitor, desk_of):
    page = desk_of("mona")
    take(page)
    page.get_by_label("Skriv en melding").fill("Ikke sendt ennå")
    page.reload()
    expect(shown_chat(page).get_by_label("Skriv en melding")).to_have_value("Ikke sendt ennå")


def test_erased_conversation_is_gone_from_the_desk_too(visitor, desk_of):
    page = desk_of("mona")
    take(page)
    page.get_by_label("Skriv en melding").fill("Dette skal bort")
    page.keyboard.press("Enter")
    expect(shown_chat(page).get_by_role("log")).to_contain_text("Dette skal bort")
    visitor.erase()
    expect(page.get_by_text("Innskriveren avsluttet og slettet samtalen.")).to_be_visible()
    expect(page.get_by_text("Dette skal bort")).to_have_count(0)

    expect(page.get_by_role("link", name="Registrer henvendelsen")).to_be_visible()


def test_conversation_erased_after_its_end_leaves_the_screen_and_can_still_be_registered(visitor, desk_of):
    page = desk_of("mona")
    take(page)
    page.get_by_label("Skriv en melding").fill("Dette skal bort etterpå")
    page.keyboard.press("Enter")
    expect(shown_chat(page).get_by_role("log")).to_contain_text("Dette skal bort etterpå")
    visitor.end()
    expect(shown_chat(page).locator("[data-contact-form]")).to_be_visible()
    visitor.erase()
    expect(page.get_by_text("Samtalen er slettet. Teksten er borte her også.")).to_be_visible(timeout=10_000)
    expect(page.get_by_text("Dette skal bort etterpå")).to_have_count(0)
    shown_chat(page).get_by_label("Taus").check()
    page.get_by_role("button", name="Lagre henvendelsen").click()
    expect(page.get_by_text("Henvendelsen er registrert.")).to_be_visible()


def test_visitor_is_told_of_the_hand_back_and_keeps_her_place_at_the_end(open_page, desk_of):
    page = open_page("/foreldresupport/chat/", **PHONE)
    page.get_by_role("button", name="Start samtalen").click()
    expect(page.get_by_text("Du er neste i køen.")).to_be_visible()
    desk = desk_of("mona")
    take(desk)
    expect(page.get_by_text("Du skriver med Mona")).to_be_visible()
    shown_chat(desk).get_by_role("button", name="Gi tilbake").click()
    desk.get_by_role("button", name="Ja, gi tilbake").click()
    expect(page.get_by_text("Mona måtte gi samtalen videre. En annen rådgiver tar over.")).to_be_visible()
    page.get_by_role("button", name="Avslutt", exact=True).click()
    page.get_by_role("group", name="Vil du avslutte samtalen?").get_by_role(
        "button", name="Avslutt", exact=True
    ).click()
    expect(page.get_by_role("heading", name="Samtalen er avsluttet.")).to_be_focused()


def test_logging_out_in_one_tab_closes_the_desk_in_the_other(desk_of):
    page = desk_of("ellen")
    other = page.context.new_page()
    other.goto("/counsellor/account/")
    other.get_by_role("button", name="Logg ut").click()
    page.wait_for_url("**/counsellor/login/**", timeout=30_000)


def test_desk_without_script_shows_the_queue_and_says_what_is_missing(visitor, open_page, installation):
    page = open_page("/counsellor/", **PHONE, java_script_enabled=False)
    page.get_by_label("Brukernavn").fill("per")
    page.get_by_label("Passord").fill("regnbue over fjorden")
    page.get_by_role("button", name="Fortsett").click()
    page.get_by_label("Kode").fill(installation.manage("totp", "per").strip())
    page.get_by_role("button", name="Logg inn").click()
    expect(page.get_by_role("button", name="Ta samtalen")).to_be_visible()
    # Not by its text: Playwright does not look for texts inside of noscript.
    expect(page.locator("noscript p")).to_be_visible()


def test_no_request_leaves_the_installation(visitor, desk_of, base_url):
    page = desk_of("mona")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    take(page)
    expect(shown_chat(page)).to_be_visible()
    assert asked
    assert [address for address in asked if not address.startswith(base_url)] == []
