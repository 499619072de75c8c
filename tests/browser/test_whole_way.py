"""From a relative's first word to the half-year report, in two browsers, with both servers restarted on the way."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, sign_in
from tests.web import Installation, Web

THEME = "Sliten og trett"


def send(page: Page, text: str) -> None:
    page.get_by_role("textbox", name=re.compile("melding", re.IGNORECASE)).last.fill(text)
    page.get_by_role("button", name="Send").last.click()


def log(page: Page) -> list[str]:
    return page.locator("[role=log] [data-body]").all_text_contents()


def themes_of(page: Page) -> int:
    """The total of the theme in the report."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=THEME, exact=True)).first
    return int(re.sub(r"\D", "", row.get_by_role("cell").last.inner_text()) or 0) if row.count() else 0


def test_relative_is_answered_and_stands_in_the_report(
    installation: Installation, webs: list[Web], open_page: OpenPage
) -> None:
    coordinator = open_page(f"{webs[0].address}/counsellor/login/?next=/stats/foreldresupport/", **DESKTOP)
    sign_in(coordinator, installation, "tor")
    coordinator.goto(f"{webs[0].address}/stats/foreldresupport/")
    before = themes_of(coordinator)

    visitor = open_page(f"{webs[0].address}/foreldresupport/", **PHONE)
    visitor.get_by_role("link", name=re.compile("Start|Skriv|chat", re.IGNORECASE)).first.click()
    visitor.get_by_label("Hva vil du snakke om?").fill("Jeg har ikke sovet på tre år")
    visitor.get_by_role("button", name="Start samtalen").click()
    expect(visitor.get_by_text("Du er neste i køen.")).to_be_visible()
    send(visitor, "Hei, er det noen der?")
    expect(visitor.get_by_text("Sendt", exact=True)).to_be_visible()
    assert visitor.context.cookies() == []

    counsellor = open_page(f"{webs[1].address}/counsellor/", **DESKTOP)
    sign_in(counsellor, installation, "mona")
    expect(counsellor.get_by_text("Jeg har ikke sovet på tre år")).to_be_visible()
    counsellor.get_by_role("button", name="Ta samtalen").click()
    expect(counsellor.get_by_role("log").get_by_text("Hei, er det noen der?")).to_be_visible()
    expect(visitor.get_by_text(re.compile("Du skriver med"))).to_be_visible()

    send(counsellor, "Hei! Så fint at du skriver.")
    expect(visitor.get_by_role("log").get_by_text("Hei! Så fint at du skriver.")).to_be_visible()

    for web in webs:
        web.stop()
    send(visitor, "Skrevet mens alt var nede")
    for web in webs:
        web.start()
    expect(counsellor.get_by_role("log").get_by_text("Skrevet mens alt var nede")).to_be_visible(timeout=60_000)
    send(counsellor, "Jeg er her fortsatt.")
    expect(visitor.get_by_role("log").get_by_text("Jeg er her fortsatt.")).to_be_visible(timeout=60_000)

    visitor.reload()
    expect(visitor.get_by_role("log").get_by_text("Jeg er her fortsatt.")).to_be_visible()
    whole = [
        "Hei, er det noen der?",
        "Hei! Så fint at du skriver.",
        "Skrevet mens alt var nede",
        "Jeg er her fortsatt.",
    ]
    assert log(visitor) == log(counsellor) == whole

    counsellor.get_by_role("button", name="Avslutt", exact=True).click()
    counsellor.get_by_role("button", name="Ja, avslutt").click()
    expect(visitor.get_by_text("Rådgiveren har avsluttet samtalen.")).to_be_visible()
    counsellor.get_by_label(THEME).check()
    counsellor.get_by_label("Kvinne").check()
    counsellor.get_by_role("button", name="Lagre henvendelsen").click()
    expect(counsellor.get_by_text("Henvendelsen er registrert.")).to_be_visible()

    coordinator.reload()
    assert themes_of(coordinator) == before + 1
    assert visitor.context.cookies() == []
