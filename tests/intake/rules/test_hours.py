from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from intake.models import Helpline
from intake.rules.hours import AlreadyClosed, open_intervals, opening_state, reopen, soft_close, week_hours
from intake.rules.timetable import Interval, subtracted

pytestmark = pytest.mark.django_db

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")


def oslo(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=OSLO)


@pytest.fixture
def helpline():
    """Monday to Friday 9-16, Thursday to 20, closed on public holidays."""
    helpline = Helpline.objects.create(slug="line", name={"nb": "Linje"}, follows_public_holidays=True)
    for weekday in range(5):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(9), closes=dt.time(20 if weekday == 3 else 16))
    return helpline


@pytest.fixture
def night_and_day():
    helpline = Helpline.objects.create(slug="always", name={"nb": "Alltid"})
    for weekday in range(7):
        helpline.opening_hours.create(weekday=weekday, opens=dt.time(0), closes=dt.time(0))
    return helpline


def test_open_until_closing_time(helpline):
    state = opening_state(helpline, now=oslo("2025-06-12 15:59"))

    assert state.open
    assert state.closes_at == oslo("2025-06-12 20:00")
    assert state.closes_at.utcoffset() == dt.timedelta(0)


def test_closed_at_the_minute_it_closes(helpline):
    state = opening_state(helpline, now=oslo("2025-06-13 16:00"))

    assert not state.open
    assert state.opens_at == oslo("2025-06-16 09:00")


def test_opens_next_is_found_past_easter(helpline):
    state = opening_state(helpline, now=oslo("2025-04-16 17:00"))

    assert state.opens_at == oslo("2025-04-22 09:00")


def test_exception_date_opens_a_public_holiday(helpline):
    helpline.exception_dates.create(on=dt.date(2025, 4, 18), opens=dt.time(10), closes=dt.time(12))

    assert opening_state(helpline, now=oslo("2025-04-18 11:00")).closes_at == oslo("2025-04-18 12:00")


def test_exception_date_closes_a_weekday(helpline):
    helpline.exception_dates.create(on=dt.date(2025, 6, 12), reason="Fagdag")

    assert opening_state(helpline, now=oslo("2025-06-12 11:00")).opens_at == oslo("2025-06-13 09:00")


def test_validity_ends_with_its_last_day(helpline):
    helpline.opening_hours.update(valid_until_on=dt.date(2025, 6, 12))
    helpline.opening_hours.create(weekday=4, opens=dt.time(12), closes=dt.time(14), valid_from_on=dt.date(2025, 6, 13))

    assert opening_state(helpline, now=oslo("2025-06-12 19:00")).open
    assert opening_state(helpline, now=oslo("2025-06-12 21:00")).opens_at == oslo("2025-06-13 12:00")


def test_no_opening_in_sight_is_none(helpline):
    helpline.opening_hours.update(valid_until_on=dt.date(2025, 6, 12))

    state = opening_state(helpline, now=oslo("2025-06-13 10:00"))

    assert (state.open, state.closes_at, state.opens_at) == (False, None, None)


def test_round_the_clock_never_closes(night_and_day):
    state = opening_state(night_and_day, now=oslo("2025-12-25 03:00"))

    assert (state.open, state.closes_at, state.opens_at) == (True, None, None)


def test_round_the_clock_closes_for_an_exception_date(night_and_day):
    night_and_day.exception_dates.create(on=dt.date(2025, 12, 24))

    assert opening_state(night_and_day, now=oslo("2025-12-23 03:00")).closes_at == oslo("2025-12-24 00:00")


def test_split_days_are_joined_where_they_touch(helpline):
    helpline.opening_hours.create(weekday=2, opens=dt.time(16), closes=dt.time(18))
    helpline.opening_hours.create(weekday=2, opens=dt.time(19), closes=dt.time(2))

    intervals = open_intervals(helpline, start=oslo("2025-06-11 12:00"), end=oslo("2025-06-12 10:00"))

    assert intervals == [
        Interval(oslo("2025-06-11 12:00"), oslo("2025-06-11 18:00")),
        Interval(oslo("2025-06-11 19:00"), oslo("2025-06-12 02:00")),
        Interval(oslo("2025-06-12 09:00"), oslo("2025-06-12 10:00")),
    ]


@pytest.mark.parametrize(("night", "hours"), [("2025-03-29", 7), ("2025-06-14", 8), ("2025-10-25", 9)])
def test_night_hours_follow_daylight_saving(helpline, night, hours):
    helpline.opening_hours.create(weekday=5, opens=dt.time(22), closes=dt.time(6))

    (interval,) = open_intervals(
        helpline, start=oslo(f"{night} 12:00"), end=oslo(f"{night} 12:00") + dt.timedelta(days=1)
    )

    assert interval.length == dt.timedelta(hours=hours)


def test_soft_close_lets_nobody_new_in_and_lifts_at_the_next_opening(helpline):
    soft_close(helpline, now=oslo("2025-06-12 11:00"))

    during = opening_state(helpline, now=oslo("2025-06-12 12:00"))
    evening = opening_state(helpline, now=oslo("2025-06-12 20:00"))
    assert (during.open, during.soft_closed, during.opens_at) == (False, True, oslo("2025-06-13 09:00"))
    assert (evening.open, evening.soft_closed) == (False, False)
    assert opening_state(helpline, now=oslo("2025-06-13 09:00")).open


def test_soft_close_is_stored(helpline):
    soft_close(helpline, now=oslo("2025-06-12 11:00"))

    again = Helpline.objects.get(pk=helpline.pk)

    assert opening_state(again, now=oslo("2025-06-12 12:00")).soft_closed


def test_soft_close_round_the_clock_lasts_until_reopened_by_hand(night_and_day):
    soft_close(night_and_day, now=oslo("2025-06-12 11:00"))
    weeks_later = oslo("2025-07-20 11:00")

    assert opening_state(night_and_day, now=weeks_later).soft_closed
    reopen(night_and_day)
    assert opening_state(night_and_day, now=weeks_later).open


def test_soft_close_twice_keeps_the_first_time(helpline):
    soft_close(helpline, now=oslo("2025-06-12 11:00"))
    soft_close(helpline, now=oslo("2025-06-12 12:00"))

    assert helpline.soft_closed_at == oslo("2025-06-12 11:00")


def test_soft_close_again_the_next_day(helpline):
    soft_close(helpline, now=oslo("2025-06-12 11:00"))
    soft_close(helpline, now=oslo("2025-06-13 10:00"))

    assert opening_state(helpline, now=oslo("2025-06-13 11:00")).soft_closed


def test_soft_close_outside_the_hours_is_refused(helpline):
    with pytest.raises(AlreadyClosed):
        soft_close(helpline, now=oslo("2025-06-12 21:00"))

    assert helpline.soft_closed_at is None


def test_state_asks_two_queries_and_none_when_prefetched(helpline, django_assert_num_queries):
    prefetched = Helpline.objects.prefetch_related("opening_hours", "exception_dates").get(pk=helpline.pk)

    with django_assert_num_queries(2):
        opening_state(helpline, now=oslo("2025-06-12 21:00"))
    with django_assert_num_queries(0):
        opening_state(prefetched, now=oslo("2025-06-12 21:00"))


def test_week_says_why_a_day_differs(helpline):
    helpline.exception_dates.create(on=dt.date(2025, 4, 16), opens=dt.time(9), closes=dt.time(12), reason="Påske")

    days = week_hours(helpline, start=dt.date(2025, 4, 15), days=3)

    assert [(day.on.day, day.times, day.reason) for day in days] == [
        (15, ((dt.time(9), dt.time(16)),), ""),
        (16, ((dt.time(9), dt.time(12)),), "Påske"),
        (17, (), "Skjærtorsdag"),
    ]


def test_subtracted_leaves_what_nothing_covers():
    def span(start: int, end: int) -> Interval:
        return Interval(oslo(f"2025-06-12 {start:02}:00"), oslo(f"2025-06-12 {end:02}:00"))

    left = subtracted([span(9, 16), span(18, 20)], taken=[span(8, 10), span(12, 13), span(12, 14), span(15, 19)])

    assert left == [span(10, 12), span(14, 15), span(19, 20)]
