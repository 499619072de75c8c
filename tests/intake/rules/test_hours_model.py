"""The hours against a model that walks minute by minute and knows nothing of intervals."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from intake.models import Helpline
from intake.rules.hours import open_intervals, opening_state
from intake.rules.wall_clock import moment_of
from tests.intake.rules.wall_walk import DAY, MINUTE, walk

OSLO = "Europe/Oslo"
Row = tuple[int, dt.time, dt.time, int, int]
Special = tuple[int, tuple[dt.time, dt.time] | None]
# The Mondays before the nights that lose and gain an hour, and before Easter.
MONDAYS = [dt.date(2025, 3, 24), dt.date(2025, 10, 20), dt.date(2025, 4, 14)]
EASTER = {dt.date(2025, 4, 17), dt.date(2025, 4, 18), dt.date(2025, 4, 20), dt.date(2025, 4, 21)}
WALK_DAYS = 24

quarters = st.integers(0, 95).map(lambda number: dt.time(number // 4, number % 4 * 15))
# Half of the times lie in the hours that daylight saving takes or gives twice.
clock_times = st.one_of(quarters, st.sampled_from([dt.time(2), dt.time(2, 30), dt.time(3), dt.time(0)]))
weekly_rows = st.lists(
    st.tuples(st.integers(0, 6), clock_times, clock_times, st.integers(-3, 9), st.integers(0, 12)), max_size=6
)
exception_rows = st.lists(
    st.tuples(st.integers(0, 9), st.one_of(st.none(), st.tuples(clock_times, clock_times))),
    max_size=2,
    unique_by=lambda row: row[0],
)


def spans_of(
    monday: dt.date, weekly: list[Row], exceptions: list[Special], *, follows_public_holidays: bool
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The spans of wall-clock time, straight from the words of the issue."""
    special = {monday + number * DAY: times for number, times in exceptions}
    for number in range(-2, WALK_DAYS + 2):
        day = monday + number * DAY
        if day in special:
            hours = special[day]
            todays = [hours] if hours else []
        elif follows_public_holidays and day in EASTER:
            todays = []
        else:
            todays = [
                (opens, closes)
                for weekday, opens, closes, start, length in weekly
                if weekday == day.weekday() and monday + start * DAY <= day <= monday + (start + length) * DAY
            ]
        for opens, closes in todays:
            ends_on = day if closes > opens else day + DAY
            yield dt.datetime.combine(day, opens), dt.datetime.combine(ends_on, closes)


def make_helpline(
    monday: dt.date, weekly: list[Row], exceptions: list[Special], *, follows_public_holidays: bool
) -> Helpline:
    helpline = Helpline.objects.create(
        slug="line", name={"nb": "Linje"}, time_zone=OSLO, follows_public_holidays=follows_public_holidays
    )
    for weekday, opens, closes, start, length in weekly:
        helpline.opening_hours.create(
            weekday=weekday,
            opens=opens,
            closes=closes,
            valid_from_on=monday + start * DAY,
            valid_until_on=monday + (start + length) * DAY,
        )
    for number, hours in exceptions:
        times = {"opens": hours[0], "closes": hours[1]} if hours else {}
        helpline.exception_dates.create(on=monday + number * DAY, **times)
    return helpline


@pytest.mark.once
class TestAgainstTheWall(TestCase):
    @settings(max_examples=120, deadline=None)
    @given(
        monday=st.sampled_from(MONDAYS),
        weekly=weekly_rows,
        exceptions=exception_rows,
        follows_public_holidays=st.booleans(),
        minute=st.integers(DAY // MINUTE, 8 * (DAY // MINUTE)),
    )
    def test_state_and_intervals_are_what_the_wall_says(
        self, monday, weekly, exceptions, follows_public_holidays, minute
    ):
        helpline = make_helpline(monday, weekly, exceptions, follows_public_holidays=follows_public_holidays)
        clock = walk(OSLO, dt.datetime.combine(monday - DAY, dt.time(), dt.UTC), WALK_DAYS)
        spans = spans_of(monday, weekly, exceptions, follows_public_holidays=follows_public_holidays)
        is_open = clock.open_minutes(spans)

        now = clock.minutes[minute]
        state = opening_state(helpline, now=now)
        intervals = open_intervals(helpline, start=now, end=now + 4 * DAY)

        changes = (
            clock.minutes[number] for number in range(minute, len(is_open)) if is_open[number] is not is_open[minute]
        )
        next_change = next(changes, None)
        assert state.open is is_open[minute]
        if state.open:
            beyond_sight = next_change is None or next_change > now + 8 * DAY
            assert state.closes_at == (None if beyond_sight else next_change)
            assert state.opens_at is None
        else:
            assert state.closes_at is None
            assert state.opens_at == next_change
        for number in range(minute, minute + 4 * (DAY // MINUTE)):
            at = clock.minutes[number]
            covers = [interval for interval in intervals if interval.starts_at <= at < interval.ends_at]
            assert len(covers) == is_open[number], at
        assert all(one.ends_at < other.starts_at for one, other in itertools.pairwise(intervals))


@pytest.mark.once
@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from([OSLO, "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    first=st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 1)),
    time=quarters,
)
def test_moment_is_the_first_minute_at_which_the_wall_shows_the_time_or_later(zone, first, time):
    clock = walk(zone, dt.datetime.combine(first - DAY, dt.time(), dt.UTC), 3)

    moment = moment_of(first, time, zone=zoneinfo.ZoneInfo(zone))

    assert moment == clock.minutes[clock.first_shown(dt.datetime.combine(first, time))]


@pytest.mark.once
@pytest.mark.parametrize(
    ("zone", "night"),
    [
        (OSLO, dt.date(2025, 3, 30)),
        (OSLO, dt.date(2025, 10, 26)),
        ("Africa/Cairo", dt.date(2025, 4, 25)),
        ("Australia/Lord_Howe", dt.date(2025, 10, 5)),
    ],
)
def test_moment_on_a_night_of_change_agrees_for_every_minute(zone, night):
    clock = walk(zone, dt.datetime.combine(night - DAY, dt.time(), dt.UTC), 3)

    for minute in range(0, 240, 5):
        time = dt.time(minute // 60, minute % 60)
        assert (
            moment_of(night, time, zone=zoneinfo.ZoneInfo(zone))
            == clock.minutes[clock.first_shown(dt.datetime.combine(night, time))]
        ), time
