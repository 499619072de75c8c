from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from counsellor.models import Counsellor
from intake.models import ExceptionDate, Helpline, IntroQuestion, OpeningHours, Tally
from intake.rules.hours import soft_close
from intake.rules.openings import Opened, open_conversation
from intake.rules.presence import mark_staff_present

pytestmark = pytest.mark.django_db

PAGES = ("/", "/ffp/", "/ffp/chat/", "/ffp/accent.css", "/ffp/status.json", "/nope/")
SUNDAY_NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
FORBIDDEN_PROMISES = ("100 %", "100%", "spores ikke", "ikke spores", "cannot be traced", "kan ikkje sporast")


@pytest.fixture
def closed_helpline(helpline: Helpline) -> Helpline:
    OpeningHours.objects.filter(helpline=helpline).delete()
    OpeningHours.objects.create(helpline=helpline, weekday=0, opens="09:00", closes="16:00")
    return helpline


class Markup(HTMLParser):
    """What a strict policy cares about: addresses of other places, inline scripts, styles and handlers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        address = {"link": "href", "use": "href", "script": "src", "img": "src", "form": "action"}.get(tag)
        if address and given.get(address):
            self.loads.append(str(given[address]))


@pytest.mark.parametrize("path", PAGES)
def test_no_visitor_page_sets_a_cookie(client: Client, helpline: Helpline, path: str) -> None:
    response = client.get(path)

    assert not response.cookies
    assert not client.cookies
    assert "Cookie" not in response.headers.get("Vary", "")


@pytest.mark.parametrize("path", ["/", "/ffp/", "/ffp/chat/", "/nope/"])
def test_a_page_loads_nothing_from_elsewhere_and_has_nothing_inline(
    client: Client, helpline: Helpline, path: str
) -> None:
    markup = Markup(client.get(path).content.decode())

    assert markup.loads
    assert [address for address in markup.loads if not address.startswith("/") or address.startswith("//")] == []
    assert markup.inline == []


def test_markup_that_breaks_the_policy_is_noticed() -> None:
    markup = Markup('<p style="color:red" onclick="x()"><script>x()</script><link href="https://example.org/a.css">')

    assert markup.inline == ["style", "onclick", "script"]
    assert markup.loads == ["https://example.org/a.css"]


@pytest.mark.parametrize("path", ["/ffp/", "/ffp/chat/"])
def test_a_page_is_not_kept_and_tells_nobody_where_the_visitor_came_from(
    client: Client, helpline: Helpline, path: str
) -> None:
    response = client.get(path)

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "require-trusted-types-for 'script'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/ffp/", "/ffp/chat/"])
def test_the_title_names_neither_helpline_nor_trouble(client: Client, helpline: Helpline, path: str) -> None:
    page = client.get(path).content.decode()

    assert re.findall(r"<title>(.*?)</title>", page) == ["Chat"]


@pytest.mark.parametrize("path", ["/ffp/", "/ffp/chat/"])
def test_the_way_out_is_a_plain_link_to_the_neutral_page(client: Client, helpline: Helpline, path: str) -> None:
    helpline.exit_url = "https://www.example.org/vaer"
    helpline.save()

    page = client.get(path).content.decode()

    assert re.search(r'<a [^>]*data-quick-exit href="https://www.example.org/vaer" rel="noreferrer', page)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("path", ["/ffp/", "/ffp/chat/"])
def test_no_page_promises_what_nobody_can_keep(client: Client, helpline: Helpline, path: str, language: str) -> None:
    page = client.get(path, {"lang": language}).content.decode()

    assert [promise for promise in FORBIDDEN_PROMISES if promise in page] == []


def test_the_front_page_of_an_open_helpline_leads_to_the_chat(client: Client, helpline: Helpline) -> None:
    page = client.get("/ffp/").content.decode()

    assert "Åpent nå, hele døgnet." in page
    assert 'href="/ffp/chat/?lang=nb"' in page
    assert 'href="tel:113"' in page


@time_machine.travel(SUNDAY_NOON, tick=False)
def test_a_closed_helpline_says_when_it_opens_and_keeps_the_numbers(client: Client, closed_helpline: Helpline) -> None:
    front, chat = (client.get(path).content.decode() for path in ("/ffp/", "/ffp/chat/"))

    for page in (front, chat):
        assert "Stengt nå. Vi åpner i morgen kl.\u00a009:00." in page
        assert 'href="tel:113"' in page
    assert "visitor__start" not in front
    assert "data-door" not in chat


@time_machine.travel(SUNDAY_NOON, tick=False)
def test_a_soft_closed_helpline_takes_nobody_in(client: Client, helpline: Helpline) -> None:
    ExceptionDate.objects.create(helpline=helpline, on="2026-11-22", opens="08:00", closes="20:00")
    soft_close(helpline, now=SUNDAY_NOON)

    page = client.get("/ffp/").content.decode()

    assert "Vi tar ikke imot flere akkurat nå." in page
    assert "visitor__start" not in page


def test_a_full_queue_is_said_before_the_visitor_tries(client: Client, helpline: Helpline, visitor: Opened) -> None:
    helpline.queue_cap = 1
    helpline.save()

    page = client.get("/ffp/chat/").content.decode()

    assert "Køen er full akkurat nå." in page
    assert "data-door" not in page


@pytest.mark.parametrize("path", ["/", "/ffp/", "/ffp/chat/", "/ffp/status.json"])
def test_nobody_can_see_from_outside_that_somebody_has_come(
    client: Client, helpline: Helpline, counsellor: Counsellor, path: str
) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=datetime.now(UTC))
    before = client.get(path).content

    for _ in range(4):
        open_conversation(helpline, language="nb", intro={}, now=datetime.now(UTC))

    assert client.get(path).content == before


@pytest.mark.parametrize(
    ("language", "few", "many"),
    [
        ("nb", "Det er lite eller ingen kø akkurat nå.", "Rundt 5 venter i kø akkurat nå."),
        ("nn", "Det er lite eller inga kø akkurat no.", "Rundt 5 ventar i kø akkurat no."),
        ("en", "Few people or none are waiting right now.", "About 5 people are waiting right now."),
    ],
)
@pytest.mark.parametrize("path", ["/ffp/", "/ffp/chat/"])
def test_a_page_says_roughly_how_many_wait(
    client: Client, helpline: Helpline, counsellor: Counsellor, path: str, language: str, few: str, many: str
) -> None:
    mark_staff_present(counsellor.pk, [helpline.pk], now=datetime.now(UTC))
    assert few in client.get(path, {"lang": language}).content.decode()

    for _ in range(7):
        open_conversation(helpline, language="nb", intro={}, now=datetime.now(UTC))

    assert many in client.get(path, {"lang": language}).content.decode()


def test_the_questions_before_the_conversation_may_be_left_out(client: Client, helpline: Helpline) -> None:
    IntroQuestion.objects.create(helpline=helpline, key="topic", label={"nb": "Hva gjelder det?"})
    choices = [{"value": "mother", "label": {"nb": "Mor", "en": "Mother"}}]
    IntroQuestion.objects.create(
        helpline=helpline, key="who", kind="choice", label={"nb": "Hvem er du?"}, choices=choices
    )

    page = client.get("/ffp/chat/").content.decode()

    assert "Hva gjelder det?" in page
    assert '<option value="mother">Mor</option>' in page
    assert "required" not in page


def test_what_a_coordinator_writes_cannot_become_markup(client: Client, helpline: Helpline) -> None:
    helpline.about = {"nb": "<script>alert(1)</script>"}
    helpline.save()

    page = client.get("/ffp/").content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("asked", "header", "expected"),
    [("nn", "en", "nn"), ("", "en-GB,nb;q=0.5", "en"), ("", "no", "nb"), ("xx", "de", "nb"), ("", "", "nb")],
)
def test_the_language_follows_the_address_then_the_browser_then_the_helpline(
    client: Client, helpline: Helpline, asked: str, header: str, expected: str
) -> None:
    response = client.get("/ffp/", {"lang": asked} if asked else {}, headers={"accept-language": header})

    assert response.headers["Content-Language"] == expected
    assert f'<html lang="{expected}"' in response.content.decode()


def test_without_script_the_front_page_says_what_the_chat_needs(client: Client, helpline: Helpline) -> None:
    page = client.get("/ffp/").content.decode()

    assert "Chatten trenger JavaScript" in page[page.index("<noscript>") : page.index("</noscript>")]


@time_machine.travel(SUNDAY_NOON, tick=False)
def test_without_script_the_chat_says_that_it_is_closed_and_leads_back(
    client: Client, closed_helpline: Helpline
) -> None:
    page = client.get("/ffp/chat/").content.decode()
    fallback = page[page.index("data-fallback") : page.index("data-stage")]

    assert "<h1" in fallback
    assert "Vi åpner i morgen" in fallback
    assert 'href="/ffp/?lang=nb"' in fallback


def test_the_privacy_page_keeps_the_language_and_knows_the_way_back(client: Client, helpline: Helpline) -> None:
    front = client.get("/ffp/", {"lang": "en"}).content.decode()
    assert 'href="/privacy/?lang=en&amp;from=ffp"' in front

    page = client.get("/privacy/", {"lang": "en", "from": "ffp"}).content.decode()

    assert '<html lang="en"' in page
    assert 'href="/ffp/?lang=en"' in page
    assert 'href="?lang=nn&amp;from=ffp"' in page


@pytest.mark.parametrize("origin", ["", "nope", "\x00", "//evil.example"])
def test_the_privacy_page_leads_to_no_place_that_is_not_ours(client: Client, helpline: Helpline, origin: str) -> None:
    page = client.get("/privacy/", {"lang": "nn", "from": origin})

    assert page.status_code == 200
    assert 'href="/?lang=nn"' in page.content.decode()
    assert "evil" not in page.content.decode()


def test_the_privacy_page_owns_up_to_who_can_read(client: Client, helpline: Helpline) -> None:
    page = client.get("/privacy/", {"lang": "nb"}).content.decode()

    assert "Til samtalen er slettet, kan serveren lese den." in page
    assert "Bare du og" not in page + client.get("/ffp/", {"lang": "nb"}).content.decode()


def test_a_language_that_the_helpline_does_not_offer_is_not_spoken(client: Client, helpline: Helpline) -> None:
    helpline.languages = ["nn"]
    helpline.save()

    response = client.get("/ffp/", {"lang": "en"})

    assert response.headers["Content-Language"] == "nn"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("nb", "Hva vi vet om deg"), ("nn", "Kva vi veit om deg"), ("en", "What we know about you")],
)
def test_the_front_page_speaks(client: Client, helpline: Helpline, language: str, sentence: str) -> None:
    assert sentence in client.get("/ffp/", {"lang": language}).content.decode()


def test_the_list_shows_every_helpline_and_whether_it_is_open(
    client: Client, helpline: Helpline, other_helpline: Helpline
) -> None:
    OpeningHours.objects.filter(helpline=other_helpline).delete()

    page = client.get("/").content.decode()

    assert page.index("Åpent nå") < page.index("Foreldresupport") < page.index("Stengt.")
    assert 'href="/ffp/?lang=nb"' in page


@pytest.mark.parametrize("path", ["/nope/", "/nope/chat/", "/nope/status.json", "/nope/accent.css"])
def test_an_unknown_helpline_is_a_calm_page_with_numbers(client: Client, db: None, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert 'href="tel:113"' in response.content.decode()


def test_the_front_page_asks_the_database_as_often_for_three_waiting_as_for_one(
    client: Client, helpline: Helpline, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = datetime.now(UTC)
    open_conversation(helpline, language="nb", intro={}, now=now)
    with CaptureQueriesContext(connection) as for_one:
        client.get("/ffp/")
    for _ in range(2):
        open_conversation(helpline, language="nb", intro={}, now=now)

    with django_assert_num_queries(len(for_one)):
        client.get("/ffp/")


def test_a_helplines_own_website_may_show_the_chat_and_no_other(client: Client, helpline: Helpline) -> None:
    helpline.embed_origins = ["https://www.ffp.example"]
    helpline.save()

    response = client.get("/ffp/chat/")

    assert "frame-ancestors 'self' https://www.ffp.example" in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers


def test_a_page_that_is_not_embedded_stands_in_no_frame(client: Client, helpline: Helpline) -> None:
    response = client.get("/ffp/chat/")

    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


def test_a_closed_door_is_counted_once_for_each_who_comes(client: Client, helpline: Helpline) -> None:
    OpeningHours.objects.filter(helpline=helpline).delete()

    for address in ("fd00::1", "fd00::1", "fd00::2"):
        client.get("/ffp/", REMOTE_ADDR=address)

    assert Tally.objects.get(helpline=helpline).closed_door == 2
