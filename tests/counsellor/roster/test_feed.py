from __future__ import annotations

import hashlib

import icalendar

from counsellor.models import CalendarFeed
from counsellor.rules.roster_feed import create_feed, find_feed_owner, render_calendar, revoke_feed
from counsellor.rules.roster_shifts import add_shift
from tests.counsellor.roster.oslo import oslo

NOW = oslo("2025-06-16 12:00")


def events(user):
    return icalendar.Calendar.from_ical(render_calendar(user, now=NOW)).walk("VEVENT")


def test_secret_is_kept_as_its_hash_alone(anne):
    secret = create_feed(anne, now=NOW)

    feed = CalendarFeed.objects.get()
    assert bytes(feed.secret_hash) == hashlib.sha256(secret.encode()).digest()
    assert find_feed_owner(secret) == anne


def test_new_secret_ends_the_old_one(anne):
    old = create_feed(anne, now=NOW)
    new = create_feed(anne, now=NOW)

    assert find_feed_owner(old) is None
    assert find_feed_owner(new) == anne


def test_revoked_secret_opens_nothing(anne, bjarne):
    secret = create_feed(anne, now=NOW)
    others = create_feed(bjarne, now=NOW)

    revoke_feed(anne)

    assert find_feed_owner(secret) is None
    assert find_feed_owner(others) == bjarne


def test_closed_account_has_no_calendar(anne):
    secret = create_feed(anne, now=NOW)
    anne.is_active = False
    anne.save()

    assert find_feed_owner(secret) is None


def test_calendar_has_her_shifts_in_utc(night_line, anne):
    add_shift(night_line, user=anne, starts_at=oslo("2025-10-25 22:00"), ends_at=oslo("2025-10-26 06:00"))

    (event,) = events(anne)

    assert event["DTSTART"].to_ical() == b"20251025T200000Z"
    assert event["DTEND"].to_ical() == b"20251026T050000Z"
    assert str(event["SUMMARY"]) == "Vakt"


def test_calendar_tells_nothing_of_colleagues_or_notes(day_line, anne, bjarne):
    add_shift(day_line, user=anne, starts_at=NOW, ends_at=oslo("2025-06-16 16:00"), note="Sammen med bjarne")
    add_shift(day_line, user=bjarne, starts_at=NOW, ends_at=oslo("2025-06-16 16:00"))

    text = render_calendar(anne, now=NOW).decode()

    assert text.count("BEGIN:VEVENT") == 1
    assert "bjarne" not in text
    assert "Daglinjen" not in text


def test_calendar_names_the_helplines_when_there_are_several(day_line, night_line, anne):
    add_shift(day_line, user=anne, starts_at=NOW, ends_at=oslo("2025-06-16 16:00"))
    add_shift(night_line, user=anne, starts_at=oslo("2025-06-16 22:00"), ends_at=oslo("2025-06-17 06:00"))

    assert [str(event["SUMMARY"]) for event in events(anne)] == ["Vakt (day)", "Vakt (night)"]


def test_calendar_goes_back_a_month(day_line, anne):
    add_shift(day_line, user=anne, starts_at=oslo("2025-05-01 09:00"), ends_at=oslo("2025-05-01 16:00"))
    recent = add_shift(day_line, user=anne, starts_at=oslo("2025-05-28 09:00"), ends_at=oslo("2025-05-28 16:00"))

    assert [str(event["UID"]) for event in events(anne)] == [f"shift-{recent.pk}@chatline"]
