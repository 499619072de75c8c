from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counsellor.models import CalendarFeed, Counsellor, PatternRow, Shift
from counsellor.rules.roster_feed import create_feed
from counsellor.rules.roster_half_year import HalfYear
from counsellor.rules.roster_shifts import add_shift
from intake.models import Helpline
from tests.counsellor.roster.oslo import oslo


def address(name: str, *args: object) -> str:
    return reverse(f"counsellor:{name}", args=args)


def text_of(response: Any) -> str:
    """What is read on the page, whatever the lines it stands on."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def rows(prefix: str, *given: dict[str, str], initial: int = 0) -> dict[str, str]:
    data = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(given):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def shift_on(
    helpline: Helpline, user: Counsellor, start: str = "16 09:00", end: str = "16 12:00", **more: Any
) -> Shift:
    return add_shift(helpline, user=user, starts_at=oslo(f"2025-06-{start}"), ends_at=oslo(f"2025-06-{end}"), **more)


def upcoming(helpline: Helpline, user: Counsellor) -> Shift:
    start = timezone.now() + dt.timedelta(days=3)
    return add_shift(helpline, user=user, starts_at=start, ends_at=start + dt.timedelta(hours=4))


@pytest.mark.parametrize("name", ["roster_week", "roster_pattern", "roster_draw", "roster_shift_new"])
def test_stranger_finds_no_page_of_another_helpline(day_line, stranger, client_of, name):
    assert client_of(stranger).get(address(name, "day")).status_code == 404


@pytest.mark.parametrize("name", ["roster_pattern", "roster_draw", "roster_shift_new"])
def test_counsellor_finds_no_page_that_changes_the_roster(counsellor, client_of, name):
    assert client_of(counsellor).get(address(name, "day")).status_code == 404


@pytest.mark.parametrize("name", ["roster_shift", "roster_shift_delete"])
def test_shift_of_another_helpline_is_not_found(day_line, counsellor, stranger, client_of, name):
    shift = shift_on(day_line, counsellor)

    response = client_of(stranger).post(address(name, "night", shift.pk))

    assert response.status_code == 404
    assert Shift.objects.standing().filter(pk=shift.pk).exists()


def test_week_shows_people_gaps_and_double_bookings(day_line, night_line, counsellor, coordinator, client_of):
    shift_on(day_line, counsellor, note="Sammen med ny")
    shift_on(night_line, counsellor, "16 11:00", "16 13:00", note="Nattlinjens egen merknad")

    page = text_of(client_of(coordinator).get(address("roster_week", "day") + "?week=2025-W25"))

    assert "Uke 25" in page
    assert "09:00–12:00 dobbeltbooket Sammen med ny" in page
    assert "samtidig med vakt på Nattlinjen 16.6. 11:00–13:00" in page
    assert "12:00–16:00 Sett noen på vakt" in page
    # Of another helpline no more than that she is on there, and when.
    assert "Nattlinjens egen merknad" not in page


def test_counsellor_sees_the_week_without_ways_to_change_it(day_line, counsellor, other_counsellor, client_of):
    shift = shift_on(day_line, other_counsellor)

    response = client_of(counsellor).get(address("roster_week", "day") + "?week=2025-W25")

    assert "09:00–12:00" in text_of(response)
    assert address("roster_shift", "day", shift.pk) not in response.content.decode()


@pytest.mark.parametrize("week", ["2025-W54", "2025", "x", "1800-W01", "2025-W25-1"])
def test_no_week_is_not_found(coordinator, client_of, week):
    assert client_of(coordinator).get(address("roster_week", "day"), {"week": week}).status_code == 404


def test_week_asks_as_much_for_one_shift_as_for_three(
    day_line, counsellor, other_counsellor, coordinator, client_of, django_assert_num_queries
):
    client = client_of(coordinator)
    path = address("roster_week", "day") + "?week=2025-W25"
    shift_on(day_line, counsellor)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    shift_on(day_line, other_counsellor)
    shift_on(day_line, other_counsellor, "17 09:00", "17 12:00")
    with django_assert_num_queries(len(one)):
        client.get(path)


def test_pattern_is_stored(day_line, counsellor, coordinator, client_of):
    row = {"weekday": "0", "starts": "22:00", "ends": "06:00", "user": str(counsellor.pk)}

    response = client_of(coordinator).post(address("roster_pattern", "day"), rows("pattern", row))

    assert response.status_code == 302
    stored = PatternRow.objects.get()
    assert (stored.helpline, stored.user, stored.starts) == (day_line, counsellor, dt.time(22))


def test_pattern_with_a_mistake_keeps_what_was_written(day_line, counsellor, coordinator, client_of):
    good = {"weekday": "0", "starts": "09:00", "ends": "12:00", "user": str(counsellor.pk)}
    bad = {"weekday": "1", "starts": "", "ends": "13:37", "user": str(counsellor.pk)}

    response = client_of(coordinator).post(address("roster_pattern", "day"), rows("pattern", good, bad))

    assert response.status_code == 422
    assert 'value="13:37"' in response.content.decode()
    assert not PatternRow.objects.exists()


def test_pattern_refuses_one_person_twice_at_once_over_sunday_midnight(counsellor, coordinator, client_of):
    sunday = {"weekday": "6", "starts": "22:00", "ends": "06:00", "user": str(counsellor.pk)}
    monday = {"weekday": "0", "starts": "05:00", "ends": "12:00", "user": str(counsellor.pk)}

    response = client_of(coordinator).post(address("roster_pattern", "day"), rows("pattern", sunday, monday))

    assert "Denne personen står allerede på vakt da." in text_of(response)
    assert not PatternRow.objects.exists()


def test_pattern_takes_nobody_who_does_not_answer_here(coordinator, stranger, client_of):
    row = {"weekday": "0", "starts": "09:00", "ends": "12:00", "user": str(stranger.pk)}

    response = client_of(coordinator).post(address("roster_pattern", "day"), rows("pattern", row))

    assert response.status_code == 422
    assert not PatternRow.objects.exists()


def test_pattern_row_of_another_helpline_cannot_be_changed(day_line, night_line, counsellor, coordinator, client_of):
    theirs = PatternRow.objects.create(
        helpline=night_line, weekday=0, starts=dt.time(9), ends=dt.time(12), user=counsellor
    )
    row = {"id": str(theirs.pk), "weekday": "3", "starts": "09:00", "ends": "12:00", "user": str(counsellor.pk)}

    client_of(coordinator).post(address("roster_pattern", "day"), rows("pattern", row, initial=1))

    theirs.refresh_from_db()
    assert (theirs.weekday, theirs.helpline) == (0, night_line)


def test_half_year_is_shown_first_drawn_up_when_confirmed_and_can_be_undone(
    day_line, counsellor, coordinator, client_of
):
    PatternRow.objects.create(helpline=day_line, weekday=0, starts=dt.time(9), ends=dt.time(16), user=counsellor)
    client, path = client_of(coordinator), address("roster_draw", "day")
    coming = HalfYear.of(timezone.now().date()).following

    page = client.get(path, {"half_year": str(coming)})
    assert not Shift.objects.exists()
    assert f"{counsellor.pseudonym} 26 182" in text_of(page) or f"{counsellor.pseudonym} 27 189" in text_of(page)
    digest = page.context["plan"].digest
    client.post(path, {"half_year": str(coming), "digest": digest})
    assert Shift.objects.standing().count() in (26, 27)
    client.post(address("roster_undo", "day"))
    assert not Shift.objects.standing().exists()


def test_confirming_what_has_changed_since_shows_it_again(day_line, counsellor, coordinator, client_of):
    PatternRow.objects.create(helpline=day_line, weekday=0, starts=dt.time(9), ends=dt.time(16), user=counsellor)

    response = client_of(coordinator).post(
        address("roster_draw", "day"), {"half_year": "2027-1", "digest": "seen before"}, follow=True
    )

    assert "Planen er endret siden du så den." in text_of(response)
    assert not Shift.objects.exists()


def test_shift_is_added_in_the_words_of_the_wall(day_line, counsellor, coordinator, client_of):
    data = {"user": counsellor.pk, "on": "2025-10-25", "starts": "22:00", "ends": "06:00", "note": ""}

    response = client_of(coordinator).post(address("roster_shift_new", "day"), data)

    assert response.url == address("roster_week", "day") + "?week=2025-W43"
    shift = Shift.objects.get()
    assert (shift.starts_at, shift.ends_at) == (oslo("2025-10-25 22:00"), oslo("2025-10-26 06:00"))
    assert shift.ends_at - shift.starts_at == dt.timedelta(hours=9)


def test_shift_that_is_refused_keeps_what_was_written(day_line, counsellor, coordinator, client_of):
    shift_on(day_line, counsellor)
    data = {"user": counsellor.pk, "on": "2025-06-16", "starts": "09:00", "ends": "11:00", "note": "Bytte med Ola"}

    response = client_of(coordinator).post(address("roster_shift_new", "day"), data)

    assert response.status_code == 422
    assert "Denne personen har allerede en vakt som begynner da." in text_of(response)
    assert "Bytte med Ola" in response.content.decode()


def test_gap_leads_to_a_form_that_is_filled_in(day_line, coordinator, client_of):
    asked = {"on": "2025-06-16", "starts": "12:00", "ends": "16:00"}

    page = client_of(coordinator).get(address("roster_shift_new", "day"), asked).content.decode()

    assert all(f'value="{value}"' in page for value in asked.values())


def test_shift_is_changed(day_line, counsellor, other_counsellor, coordinator, client_of):
    shift = shift_on(day_line, counsellor)
    data = {"user": other_counsellor.pk, "on": "2025-06-17", "starts": "10:00", "ends": "12:00", "note": "Bytte"}

    client_of(coordinator).post(address("roster_shift", "day", shift.pk), data)

    shift.refresh_from_db()
    assert (shift.user, shift.starts_at, shift.note) == (other_counsellor, oslo("2025-06-17 10:00"), "Bytte")


def test_taking_out_a_shift_asks_first(day_line, counsellor, coordinator, client_of):
    shift = shift_on(day_line, counsellor)
    client, path = client_of(coordinator), address("roster_shift_delete", "day", shift.pk)

    assert "Ta ut vakten?" in text_of(client.get(path))
    assert Shift.objects.standing().exists()
    client.post(path)
    assert not Shift.objects.standing().exists()


def test_my_shifts_are_mine_alone(day_line, night_line, counsellor, other_counsellor, client_of):
    mine = [upcoming(day_line, counsellor), upcoming(night_line, counsellor)]
    upcoming(day_line, other_counsellor)

    page = client_of(counsellor).get(address("my_shifts"))

    assert page.context["soon"] == mine
    assert text_of(page).count("Samtidig med en annen vakt") == 2


def test_on_now_names_who_is_on(day_line, counsellor, other_counsellor, client_of):
    now = timezone.now()
    add_shift(
        day_line, user=other_counsellor, starts_at=now - dt.timedelta(hours=1), ends_at=now + dt.timedelta(hours=1)
    )

    assert f"På vakt nå {other_counsellor.pseudonym} til" in text_of(client_of(counsellor).get(address("my_shifts")))


def test_calendar_address_is_shown_once_and_works_without_logging_in(day_line, counsellor, client_of):
    upcoming(day_line, counsellor)
    client = client_of(counsellor)

    created = client.post(address("calendar_create"))
    shown = created.context["address"]
    again = client.get(address("my_shifts")).content.decode()
    feed = Client().get(shown.partition("testserver")[2])

    secret = shown.rpartition("/")[2].removesuffix(".ics")
    assert secret not in again
    assert created.content.index(secret.encode()) < created.content.index("På vakt nå".encode())
    assert (feed.status_code, feed["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert feed.content.count(b"BEGIN:VEVENT") == 1
    assert not feed.cookies


def test_calendar_address_that_was_turned_off_is_not_found(counsellor, client_of):
    secret = create_feed(counsellor, now=timezone.now())
    path = address("calendar_feed", secret)
    assert Client().get(path).status_code == 200

    client_of(counsellor).post(address("calendar_revoke"))

    assert Client().get(path).status_code == 404


def test_one_cannot_turn_off_somebody_elses_calendar(counsellor, other_counsellor, client_of):
    create_feed(counsellor, now=timezone.now())

    client_of(other_counsellor).post(address("calendar_revoke"))

    assert CalendarFeed.objects.filter(user=counsellor).exists()


def test_guessed_calendar_address_is_not_found(counsellor):
    create_feed(counsellor, now=timezone.now())

    assert Client().get(address("calendar_feed", "guess")).status_code == 404


def test_names_are_those_that_the_staff_call_each_other(day_line, counsellor, coordinator, client_of):
    counsellor.pseudonym = "Mona"
    counsellor.save()
    shift = shift_on(day_line, counsellor)
    client = client_of(coordinator)

    for path in (
        f"{address('roster_week', 'day')}?week=2025-W25",
        address("roster_pattern", "day"),
        address("roster_shift", "day", shift.pk),
        address("roster_shift_delete", "day", shift.pk),
    ):
        text = text_of(client.get(path))
        assert "Mona" in text
        assert "kari" not in text


@pytest.mark.parametrize(("starts", "ends", "status"), [("10:00", "10:00", 422), ("00:00", "00:00", 302)])
def test_shift_that_ends_when_it_begins_is_refused_except_at_midnight(
    day_line, counsellor, coordinator, client_of, starts, ends, status
):
    client = client_of(coordinator)
    shift = {"user": str(counsellor.pk), "starts": starts, "ends": ends}

    alone = client.post(address("roster_shift_new", "day"), {**shift, "on": "2025-06-16"})
    weekly = client.post(address("roster_pattern", "day"), rows("pattern", {**shift, "weekday": "0"}))

    assert (alone.status_code, weekly.status_code) == (status, status)
    assert Shift.objects.count() == PatternRow.objects.count() == (1 if status == 302 else 0)
