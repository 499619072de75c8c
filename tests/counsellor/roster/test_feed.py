from __future__ import annotations

import hashlib

import icalendar

from counsellor.models import CalendarFeed, Counsellor
from counsellor.rules.roster_feed import create_feed, find_feed_owner, render_calendar, revoke_feed
from counsellor.rules.roster_shifts import add_shift
from tests.counsellor.roster.oslo import oslo

NOW = oslo("2025-06-16 12:00")


def events(user: Counsellor) -> list[icalendar.Component]:
    return icalendar.Calendar.from_ical(render_calendar(user, now=NOW)).walk("VEVENT")


def test_secret_is_kept_as_its_hash_alone(counsellor):
    secret = create_feed(counsellor, now=NOW)

    feed = CalendarFeed.objects.get()
    assert bytes(feed.secret_hash) == hashlib.sha256(secret.encode()).digest()
    assert find_feed_owner(secret) == counsellor


def test_new_secret_ends_the_old_one(counsellor):
    old = create_feed(counsellor, now=NOW)
    new = create_feed(counsellor, now=NOW)

    assert find_feed_owner(old) is None
    assert find_feed_owner(new) == counsellor


def test_revoked_secret_opens_nothing(counsellor, other_counsellor):
    secret = create_feed(counsellor, now=NOW)
    others = create_feed(other_counsellor, now=NOW)

    revoke_feed(counsellor)

    assert find_feed_owner(secret) is None
    assert find_feed_owner(others) == other_counsellor


def test_closed_account_has_no_calendar(counsellor):
    secret = create_feed(counsellor, now=NOW)
    counsellor.is_active = False
    counsellor.save()

    assert find_feed_owner(secret) is None


def test_calendar_has_her_shifts_in_utc(night_line, counsellor):
    add_shift(night_line, user=counsellor, starts_at=oslo("2025-10-25 22:00"), ends_at=oslo("2025-10-26 06:00"))

    (event,) = events(counsellor)

    assert event["DTSTART"].to_ical() == b"20251025T200000Z"
    assert event["DTEND"].to_ical() == b"20251026T050000Z"
    assert str(event["SUMMARY"]) == "Vakt"


def test_calendar_tells_nothing_of_colleagues_or_notes(day_line, counsellor, other_counsellor):
    add_shift(
        day_line,
        user=counsellor,
        starts_at=NOW,
        ends_at=oslo("2025-06-16 16:00"),
        note=f"Sammen med {other_counsellor}",
    )
    add_shift(day_line, user=other_counsellor, starts_at=NOW, ends_at=oslo("2025-06-16 16:00"))

    text = render_calendar(counsellor, now=NOW).decode()

    assert text.count("BEGIN:VEVENT") == 1
    assert str(other_counsellor) not in text
    assert "Daglinjen" not in text


def test_calendar_names_the_helplines_when_there_are_several(day_line, night_line, counsellor):
    add_shift(day_line, user=counsellor, starts_at=NOW, ends_at=oslo("2025-06-16 16:00"))
    add_shift(night_line, user=counsellor, starts_at=oslo("2025-06-16 22:00"), ends_at=oslo("2025-06-17 06:00"))

    assert [str(event["SUMMARY"]) for event in events(counsellor)] == ["Vakt (day)", "Vakt (night)"]


def test_calendar_goes_back_a_month(day_line, counsellor):
    add_shift(day_line, user=counsellor, starts_at=oslo("2025-05-01 09:00"), ends_at=oslo("2025-05-01 16:00"))
    recent = add_shift(day_line, user=counsellor, starts_at=oslo("2025-05-28 09:00"), ends_at=oslo("2025-05-28 16:00"))

    assert [str(event["UID"]) for event in events(counsellor)] == [f"shift-{recent.pk}@chatline"]
