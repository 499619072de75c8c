from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from intake.models import Helpline
from intake.rules.hours import opening_state, soft_close
from tests.counsellor.roster.test_roster_pages import address, rows, text_of

GOOD = {
    "name_nb": "Daglinjen",
    "about_nb": "Vi er her.",
    "name_en": "The day line",
    "languages": ["nb", "en"],
    "time_zone": "Europe/Oslo",
    "accent_colour": "#336699",
    "retention_hours": "24",
    "queue_cap": "10",
    "exit_url": "https://www.yr.no/",
    "embed_origins": "https://www.example.org/\n\nhttps://other.example.org:8443",
}
AMBULANCE = {"number": "113", "label_nb": "Ambulanse", "label_en": "Ambulance", "ORDER": "2"}
DOCTOR = {"number": "116 117", "label_nb": "Legevakt", "ORDER": "1"}


def posted(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **rows("contacts", AMBULANCE, DOCTOR), **changes}


def hours_posted(*hours: dict[str, str], exceptions: tuple[dict[str, str], ...] = (), **more: str) -> dict[str, str]:
    return {**rows("hours", *hours), **rows("exceptions", *exceptions), **more}


@pytest.mark.parametrize("name", ["helpline_settings", "helpline_hours"])
def test_only_the_coordinator_finds_the_settings(counsellor, duty_leader, stranger, coordinator, client_of, name):
    for person in (counsellor, duty_leader, stranger):
        assert client_of(person).get(address(name, "day")).status_code == 404
    assert client_of(coordinator).get(address(name, "day")).status_code == 200


def test_stranger_changes_nothing(day_line, stranger, client_of):
    before = Helpline.objects.values().get(pk=day_line.pk)

    for name in ("helpline_settings", "helpline_hours", "hours_period", "helpline_door"):
        assert client_of(stranger).post(address(name, "day"), posted(action="close")).status_code == 404

    assert Helpline.objects.values().get(pk=day_line.pk) == before


def test_settings_are_stored(day_line, coordinator, client_of):
    response = client_of(coordinator).post(address("helpline_settings", "day"), posted())

    assert response.status_code == 302
    day_line.refresh_from_db()
    assert day_line.name == {"nb": "Daglinjen", "en": "The day line"}
    assert (day_line.retention_hours, day_line.queue_cap, day_line.languages) == (24, 10, ["nb", "en"])
    assert day_line.embed_origins == ["https://www.example.org", "https://other.example.org:8443"]
    assert [contact.number for contact in day_line.emergency_contacts.all()] == ["116 117", "113"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name_nb", "", "Feltet er påkrevet."),
        ("retention_hours", "73", "Lenger enn tre døgn lagres ingen samtale."),
        ("retention_hours", "-1", "Skriv et tall fra 0 til 72."),
        ("queue_cap", "0", "Køen må ha plass til minst én."),
        ("embed_origins", "ffp.no", "«ffp.no» er ikke en adresse til et nettsted."),
        ("embed_origins", "https://ffp.no; script-src *", "er ikke en adresse til et nettsted."),
        ("languages", [], "Velg minst ett språk."),
        ("contacts-0-number", "ring oss", "Bare tall og mellomrom"),
        ("contacts-1-label_nb", "", "Feltet er påkrevet."),
    ],
)
def test_bad_setting_is_explained_and_nothing_is_lost(day_line, coordinator, client_of, field, value, words):
    data = posted(about_nb="En lang tekst som ingen vil skrive to ganger.", **{field: value})

    response = client_of(coordinator).post(address("helpline_settings", "day"), data)

    assert response.status_code == 422
    assert words in text_of(response)
    assert "En lang tekst som ingen vil skrive to ganger." in response.content.decode()
    day_line.refresh_from_db()
    assert (day_line.about, day_line.emergency_contacts.count()) == ({}, 0)


def test_number_is_removed_and_the_others_keep_their_order(day_line, coordinator, client_of):
    client = client_of(coordinator)
    client.post(address("helpline_settings", "day"), posted())
    doctor, ambulance = day_line.emergency_contacts.all()
    data = rows(
        "contacts",
        {**DOCTOR, "id": str(doctor.pk), "DELETE": "on"},
        {**AMBULANCE, "id": str(ambulance.pk)},
        initial=2,
    )

    client.post(address("helpline_settings", "day"), {**GOOD, **data})

    assert [contact.number for contact in day_line.emergency_contacts.all()] == ["113"]


def test_number_of_another_helpline_cannot_be_changed(day_line, night_line, coordinator, client_of):
    theirs = night_line.emergency_contacts.create(number="112", label={"nb": "Politi"})
    data = rows("contacts", {**AMBULANCE, "id": str(theirs.pk)}, initial=1)

    client_of(coordinator).post(address("helpline_settings", "day"), {**GOOD, **data})

    theirs.refresh_from_db()
    assert (theirs.number, theirs.helpline) == ("112", night_line)


def test_hours_and_exceptions_are_stored(day_line, coordinator, client_of):
    day_line.opening_hours.all().delete()
    late = {"weekday": "3", "opens": "22:00", "closes": "02:00", "valid_from_on": "2030-01-01"}
    closed = {"on": "2030-12-24", "reason": "Julaften"}

    client_of(coordinator).post(
        address("helpline_hours", "day"), hours_posted(late, exceptions=(closed,), follows_public_holidays="on")
    )

    day_line.refresh_from_db()
    hours, exception = day_line.opening_hours.get(), day_line.exception_dates.get()
    assert (hours.opens, hours.closes, hours.valid_from_on) == (dt.time(22), dt.time(2), dt.date(2030, 1, 1))
    assert (exception.on, exception.opens, exception.reason) == (dt.date(2030, 12, 24), None, "Julaften")
    assert day_line.follows_public_holidays


def test_preview_shows_and_stores_nothing(day_line, coordinator, client_of):
    day_line.opening_hours.all().delete()
    rows_of_week = [{"weekday": str(day), "opens": "03:07", "closes": "04:11"} for day in range(7)]

    response = client_of(coordinator).post(address("helpline_hours", "day"), hours_posted(*rows_of_week, preview="1"))

    assert response.status_code == 200
    assert text_of(response).count("03:07–04:11") == 14
    assert "Ikke lagret ennå." in text_of(response)
    assert not day_line.opening_hours.exists()


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        ({"on": "2030-12-24", "opens": "09:00"}, "Skriv både når dere åpner og stenger"),
        ({"on": "", "reason": "Julaften"}, "Feltet er påkrevet."),
    ],
)
def test_bad_exception_is_explained_and_nothing_is_lost(day_line, coordinator, client_of, exception, words):
    new = {"weekday": "6", "opens": "11:11", "closes": "12:12"}

    response = client_of(coordinator).post(
        address("helpline_hours", "day"), hours_posted(new, exceptions=({"reason": "", **exception},))
    )

    assert response.status_code == 422
    assert words in text_of(response)
    assert 'value="11:11"' in response.content.decode()
    assert day_line.opening_hours.count() == 5


def test_date_both_closed_and_open_is_refused(day_line, coordinator, client_of):
    both = ({"on": "2030-12-24"}, {"on": "2030-12-24", "opens": "09:00", "closes": "12:00"})

    response = client_of(coordinator).post(address("helpline_hours", "day"), hours_posted(exceptions=both))

    assert "Denne datoen står både som stengt og som åpen." in text_of(response)


def test_past_hours_are_shown_and_not_in_the_form(day_line, coordinator, client_of):
    day_line.opening_hours.update(valid_until_on=dt.date(2019, 1, 31))

    response = client_of(coordinator).get(address("helpline_hours", "day"))

    assert "–31.1.2019" in text_of(response)
    assert response.context["hours"].initial_form_count() == 0


def test_new_period_copies_the_week(day_line, coordinator, client_of):
    client_of(coordinator).post(address("hours_period", "day"), {"from_on": "2040-01-01"})

    assert day_line.opening_hours.filter(valid_from_on=dt.date(2040, 1, 1)).count() == 5


@pytest.mark.parametrize(
    ("from_on", "words"), [("2019-01-01", "Det som har vært, kan ikke endres."), ("x", "Velg datoen")]
)
def test_bad_period_is_explained(day_line, coordinator, client_of, from_on, words):
    response = client_of(coordinator).post(address("hours_period", "day"), {"from_on": from_on}, follow=True)

    assert words in text_of(response)
    assert day_line.opening_hours.count() == 5


def test_door_is_closed_for_new_ones_and_opened_again(night_line, stranger, client_of):
    client, path = client_of(stranger), address("helpline_door", "night")

    client.post(path, {"action": "close"})
    night_line.refresh_from_db()
    assert opening_state(night_line, now=timezone.now()).soft_closed
    assert "Åpner ikke av seg selv" in text_of(client.get(path))
    client.post(path, {"action": "open"})
    night_line.refresh_from_db()
    assert opening_state(night_line, now=timezone.now()).open


def test_duty_leader_may_turn_the_door_and_counsellor_may_not(counsellor, duty_leader, client_of):
    assert client_of(duty_leader).get(address("helpline_door", "day")).status_code == 200
    assert client_of(counsellor).get(address("helpline_door", "day")).status_code == 404


def test_door_that_is_closed_already_says_so(day_line, duty_leader, client_of):
    day_line.opening_hours.all().delete()

    response = client_of(duty_leader).post(address("helpline_door", "day"), {"action": "close"}, follow=True)

    assert "Tjenesten er allerede stengt" in text_of(response)


def test_door_goes_back_to_the_desk(night_line, stranger, client_of):
    soft_close(night_line, now=timezone.now())

    response = client_of(stranger).post(address("helpline_door", "night"), {"action": "open", "back": "desk"})

    assert response.url == address("desk")


MONDAY_ROUND = {"weekday": "0", "opens": "00:00", "closes": "00:00"}
MONDAY_MORNING = {"weekday": "0", "opens": "10:00", "closes": "12:00"}
MONDAY_AFTERNOON = {"weekday": "0", "opens": "12:00", "closes": "16:00"}


def test_hours_that_overlap_on_one_day_are_refused(night_line, stranger, client_of):
    before = list(night_line.opening_hours.values_list())

    answer = client_of(stranger).post(
        address("helpline_hours", "night"), hours_posted(MONDAY_ROUND, MONDAY_MORNING, preview="1")
    )

    assert answer.status_code == 422
    assert "Denne tiden går over i en annen på samme dag." in text_of(answer)
    assert list(night_line.opening_hours.values_list()) == before


@pytest.mark.parametrize(
    "other",
    [
        MONDAY_AFTERNOON,
        {**MONDAY_MORNING, "weekday": "1"},
        {**MONDAY_MORNING, "valid_from_on": "2040-01-01"},
    ],
)
def test_hours_that_do_not_meet_are_taken(night_line, stranger, client_of, other):
    first = {**MONDAY_MORNING, "valid_until_on": "2039-12-31"}

    answer = client_of(stranger).post(address("helpline_hours", "night"), hours_posted(first, other, preview="1"))

    assert answer.status_code == 200
