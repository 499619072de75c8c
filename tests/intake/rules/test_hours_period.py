from __future__ import annotations

import datetime as dt

import pytest

from intake.models import Helpline
from intake.rules.hours import open_intervals
from intake.rules.hours_period import PeriodInPast, start_hours_period

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2025, 6, 10, 12, tzinfo=dt.UTC)
SEPTEMBER = dt.date(2025, 9, 1)


@pytest.fixture
def helpline():
    helpline = Helpline.objects.create(slug="line", name={"nb": "Linje"})
    helpline.opening_hours.create(weekday=0, opens=dt.time(9), closes=dt.time(16))
    helpline.opening_hours.create(
        weekday=3, opens=dt.time(12), closes=dt.time(20), valid_until_on=dt.date(2025, 12, 31)
    )
    helpline.opening_hours.create(weekday=4, opens=dt.time(12), closes=dt.time(20), valid_until_on=dt.date(2025, 8, 31))
    return helpline


def periods(helpline: Helpline) -> list[tuple[int, dt.date | None, dt.date | None]]:
    rows = helpline.opening_hours.order_by("weekday", "valid_until_on", "pk")
    return sorted(
        rows.values_list("weekday", "valid_from_on", "valid_until_on"), key=lambda row: (row[0], row[1] or dt.date.min)
    )


def test_hours_that_go_on_are_split_at_the_date(helpline):
    assert start_hours_period(helpline, from_on=SEPTEMBER, now=NOW) == 2

    assert periods(helpline) == [
        (0, None, dt.date(2025, 8, 31)),
        (0, SEPTEMBER, None),
        (3, None, dt.date(2025, 8, 31)),
        (3, SEPTEMBER, dt.date(2025, 12, 31)),
        (4, None, dt.date(2025, 8, 31)),
    ]


def test_nothing_opens_or_closes_by_it(helpline):
    span = {"start": NOW, "end": NOW + dt.timedelta(days=250)}
    before = open_intervals(helpline, **span)

    start_hours_period(helpline, from_on=SEPTEMBER, now=NOW)

    assert open_intervals(helpline, **span) == before


def test_second_time_changes_nothing(helpline):
    start_hours_period(helpline, from_on=SEPTEMBER, now=NOW)
    before = periods(helpline)

    assert start_hours_period(helpline, from_on=SEPTEMBER, now=NOW) == 0
    assert periods(helpline) == before


def test_the_past_cannot_be_changed(helpline):
    with pytest.raises(PeriodInPast):
        start_hours_period(helpline, from_on=dt.date(2025, 6, 9), now=NOW)

    assert len(periods(helpline)) == 3
