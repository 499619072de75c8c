"""Registering in the browser, with plain forms: nothing here needs a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from intake.models import PendingContact
from stats.models import Channel, Contact, Gender, Kind
from tests.stats.conftest import make_pending

pytestmark = pytest.mark.django_db


def filled(form, **changes):
    """What a browser would send of a page's registration form: its own values, then what a person changes."""
    return {**form_values(form), **changes}


def form_values(response):
    """The values that stand in the registration form of a page."""
    page = response.content.decode()
    form = page[page.index("data-contact-form") : page.index("</form>", page.index("data-contact-form"))]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        is_box = attributes["type"] in ("radio", "checkbox")
        if "name" not in attributes or (is_box and " checked" not in tag):
            continue
        if attributes["type"] == "checkbox":
            values.setdefault(attributes["name"], []).append(attributes["value"])
        else:
            values[attributes["name"]] = attributes.get("value", "")
    for name, options in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    values.pop("csrfmiddlewaretoken", None)
    return values


@pytest.fixture
def other_pending(helpline, other_counsellor):
    return make_pending(helpline, other_counsellor, duration_minutes=59)


@pytest.fixture
def elsewhere_pending(other_helpline, stranger):
    return make_pending(other_helpline, stranger, duration_minutes=61)


def test_a_counsellor_sees_her_own_unregistered_conversations(
    client_of, counsellor, pending, other_pending, elsewhere_pending
):
    page = client_of(counsellor).get("/stats/ffp/pending/").content.decode()

    assert f"/stats/ffp/pending/{pending.pk}/" in page
    assert "kl. 12:15, 47 minutter" in page
    assert "59 min" not in page
    assert "61 min" not in page


def test_no_two_unregistered_conversations_read_alike(client_of, counsellor, helpline):
    for _number in range(2):
        make_pending(helpline, counsellor, duration_minutes=1)

    page = client_of(counsellor).get("/stats/ffp/pending/").content.decode()
    links = re.findall(r'<a class="card[^>]*>(.*?)</a>', page, re.DOTALL)
    read = [" ".join(re.sub(r"<[^>]*>", " ", link).split()) for link in links]

    assert [text.split()[0] for text in read] == ["1", "2"]
    assert all("kl. 12:15, 1 minutt " in text for text in read)
    assert read[0] != read[1]


@pytest.mark.parametrize(("language", "day"), [("nb", "31. august"), ("nn", "31. august"), ("en", "31 August")])
def test_dates_are_written_as_the_language_writes_them(client_of, counsellor, pending, visits, language, day):
    client = client_of(counsellor)
    client.cookies.load({settings.LANGUAGE_COOKIE_NAME: language})

    for address in ("/stats/ffp/pending/", f"/stats/ffp/pending/{pending.pk}/"):
        assert f" {day}" in client.get(address).content.decode()


def test_a_duty_leader_sees_everybodys_and_whose_they_are(
    client_of, duty_leader, counsellor, other_counsellor, pending, other_pending, elsewhere_pending
):
    page = client_of(duty_leader).get("/stats/ffp/pending/").content.decode()

    assert "47 min" in page
    assert "59 min" in page
    who = re.findall(r'pending-list__who">([^<]*)<', page)
    assert sorted(who) == sorted([counsellor.pseudonym, other_counsellor.pseudonym])
    assert "61 min" not in page


def test_a_conversation_without_a_counsellor_is_left_to_all_who_answer_there(
    client_of, counsellor, duty_leader, coordinator, stranger, helpline
):
    orphan = make_pending(helpline, None)

    for person, status in ((counsellor, 200), (duty_leader, 200), (coordinator, 200), (stranger, 404)):
        assert client_of(person).get(f"/stats/ffp/pending/{orphan.pk}/").status_code == status


def test_nobody_else_reaches_an_unregistered_conversation(
    client_of, pending, other_counsellor, stranger, administrator
):
    for person in (other_counsellor, stranger, administrator):
        client = client_of(person)
        for address in (f"/stats/ffp/pending/{pending.pk}/", f"/stats/foreldresupport/pending/{pending.pk}/"):
            assert client.get(address).status_code == 404
            assert client.post(address, {}).status_code == 404
    assert Client().get(f"/stats/ffp/pending/{pending.pk}/").status_code == 302
    assert PendingContact.objects.exists()


@pytest.mark.parametrize("address", ["/stats/ffp/pending/", "/stats/ffp/contacts/new/"])
def test_registration_is_for_those_who_have_a_role_there(client_of, stranger, administrator, visits, address):
    for person in (stranger, administrator):
        response = client_of(person).get(address)
        assert response.status_code == 404
        assert "Besøk" not in response.content.decode()


def test_a_conversation_is_registered_with_what_was_filled_in_beforehand(
    client_of, counsellor, pending, visits, crisis, police, relation
):
    client = client_of(counsellor)
    address = f"/stats/ffp/pending/{pending.pk}/"
    choice = relation.choices.get(code="venn")

    form = filled(
        client.get(address),
        themes=[visits.pk, crisis.pk],
        gender="woman",
        age="19",
        referrals=[police.pk],
        **{"question-relation": choice.pk},
    )
    response = client.post(address, form)

    assert response.url == "/stats/ffp/pending/"
    contact = Contact.objects.get()
    assert (contact.channel, contact.duration_minutes, contact.waiting_minutes) == (Channel.CHAT, 47, 3)
    assert contact.started_at == pending.started_at
    assert (contact.gender, contact.age, contact.language) == (Gender.WOMAN, 19, "nb")
    assert set(contact.theme_rows.values_list("theme_id", flat=True)) == {visits.pk, crisis.pk}
    assert contact.answer_rows.get().choice == choice
    assert not PendingContact.objects.exists()
    assert "Alt er registrert." in client.get(response.url).content.decode()


def test_what_is_missing_is_said_and_what_was_filled_in_stays(client_of, counsellor, pending, visits):
    client = client_of(counsellor)
    address = f"/stats/ffp/pending/{pending.pk}/"

    response = client.post(address, filled(client.get(address), gender="man", age="130"))

    page = response.content.decode()
    assert response.status_code == 422
    assert 'name="gender" value="man" checked' in page
    assert 'value="130"' in page
    assert "Se det som er merket under." in page
    assert PendingContact.objects.exists()

    response = client.post(address, filled(client.get(address)))
    assert "Velg minst ett tema." in response.content.decode()


def test_a_conversation_registered_in_another_tab_is_not_registered_again(client_of, counsellor, pending, visits):
    client = client_of(counsellor)
    address = f"/stats/ffp/pending/{pending.pk}/"
    form = filled(client.get(address), themes=[visits.pk])
    client.post(address, form)

    assert client.post(address, form).status_code == 404
    assert Contact.objects.count() == 1


def test_a_call_is_entered_by_hand_in_the_helplines_own_time(client_of, counsellor, visits):
    client = client_of(counsellor)
    form = filled(
        client.get("/stats/ffp/contacts/new/"),
        channel="phone",
        themes=[visits.pk],
        started_at="2020-07-01T00:10",
        duration_minutes="12",
    )

    client.post("/stats/ffp/contacts/new/", form)

    contact = Contact.objects.get()
    assert contact.started_at == datetime(2020, 6, 30, 22, 0, tzinfo=UTC)
    assert (contact.month.month, contact.hour, contact.waiting_minutes) == (7, 0, None)


@pytest.mark.parametrize("start", ["0001-01-01T00:00", "0202-11-22T10:00", "1989-12-31T23:45"])
def test_a_mistyped_year_is_refused_with_a_sentence(client_of, counsellor, visits, start):
    client = client_of(counsellor)
    form = filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5", started_at=start)

    response = client.post("/stats/ffp/contacts/new/", form)

    assert response.status_code == 422
    assert "Starten kan ikke være før 1990. Se på årstallet." in response.content.decode()
    assert not Contact.objects.exists()


def test_a_coordinator_enters_a_letter_by_hand(client_of, coordinator, visits):
    client = client_of(coordinator)
    form = filled(client.get("/stats/ffp/contacts/new/"), channel="letter", themes=[visits.pk], duration_minutes="15")

    client.post("/stats/ffp/contacts/new/", form)

    assert Contact.objects.get().channel == Channel.LETTER


def test_the_same_form_sent_twice_is_one_contact(client_of, counsellor, visits):
    client = client_of(counsellor)
    form = filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5")

    client.post("/stats/ffp/contacts/new/", form)
    client.post("/stats/ffp/contacts/new/", form)
    assert Contact.objects.count() == 1

    client.post(
        "/stats/ffp/contacts/new/",
        filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5"),
    )
    assert Contact.objects.count() == 2


def test_another_helplines_theme_cannot_be_sent(client_of, counsellor, visits, other_theme):
    client = client_of(counsellor)
    form = filled(client.get("/stats/ffp/contacts/new/"), themes=[other_theme.pk], duration_minutes="5")

    response = client.post("/stats/ffp/contacts/new/", form)

    assert response.status_code == 422
    assert "Søvn i et annet hus" not in response.content.decode()
    assert not Contact.objects.exists()


def test_a_retired_theme_is_not_offered(client_of, counsellor, visits, retired_theme):
    page = client_of(counsellor).get("/stats/ffp/contacts/new/").content.decode()

    assert "Besøk" in page
    assert "Oppfølging" not in page


def test_what_was_just_registered_can_be_corrected(client_of, counsellor, visits, health):
    client = client_of(counsellor)
    client.post(
        "/stats/ffp/contacts/new/",
        filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5", age="30"),
    )
    contact = Contact.objects.get()
    address = f"/stats/ffp/contacts/{contact.pk}/"
    assert address in client.get("/stats/ffp/pending/").content.decode()

    form = form_values(client.get(address))
    assert (form["themes"], form["duration_minutes"], form["age"]) == ([str(visits.pk)], "5", "30")
    client.post(address, {**form, "themes": [health.pk], "kind": Kind.GENUINE, "age": "31"})

    contact.refresh_from_db()
    assert contact.age == 31
    assert contact.theme_rows.get().theme == health


def test_what_was_registered_by_mistake_can_be_removed(client_of, counsellor, visits):
    client = client_of(counsellor)
    client.post(
        "/stats/ffp/contacts/new/",
        filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5"),
    )

    client.post(f"/stats/ffp/contacts/{Contact.objects.get().pk}/", {"remove": "yes"})

    assert not Contact.objects.exists()


def test_nobody_else_and_no_other_session_can_correct_it(
    client_of, counsellor, other_counsellor, duty_leader, stranger, visits
):
    client = client_of(counsellor)
    client.post(
        "/stats/ffp/contacts/new/",
        filled(client.get("/stats/ffp/contacts/new/"), themes=[visits.pk], duration_minutes="5"),
    )
    address = f"/stats/ffp/contacts/{Contact.objects.get().pk}/"

    for person in (other_counsellor, duty_leader, stranger, counsellor):
        assert client_of(person).get(address).status_code == 404
        assert client_of(person).post(address, {"remove": "yes"}).status_code == 404
    assert Contact.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("/counsellor/", "/counsellor/"),
        ("https://evil.example/", "/stats/ffp/pending/"),
        ("//evil.example/", "/stats/ffp/pending/"),
        ("javascript:alert(1)", "/stats/ffp/pending/"),
    ],
)
def test_it_goes_back_to_a_page_of_ours_only(client_of, counsellor, pending, visits, wanted, expected):
    client = client_of(counsellor)
    address = f"/stats/ffp/pending/{pending.pk}/"

    form = filled(client.get(address, {"next": wanted}), themes=[visits.pk])
    response = client.post(address, {"next": wanted, **form})

    assert response.url == expected


def test_the_list_costs_the_same_number_of_queries(client_of, duty_leader, pending, helpline, other_counsellor):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_of(duty_leader)
    client.get("/stats/ffp/pending/")

    with CaptureQueriesContext(connection) as one:
        client.get("/stats/ffp/pending/")
    make_pending(helpline, other_counsellor)
    make_pending(helpline, other_counsellor, ended_on=timezone.now().date())
    with CaptureQueriesContext(connection) as three:
        client.get("/stats/ffp/pending/")

    assert len(one) == len(three)
