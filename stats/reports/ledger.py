"""The queries of a report. Each is one grouped query over one covering index (stats/models/contact.py).

Every query takes the months of the period and the same months a year before, so their number does not depend on
the period, the code lists or the number of contacts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from intake.models import Helpline, Tally
from stats.models import Contact, ContactAnswer, ContactReferral, ContactTheme, EarlierFigure, Kind
from stats.reports.period import Period

MonthCounts = dict[Any, dict[date, int]]


class CubeRow(NamedTuple):
    """How many contacts of a month are alike in all of these."""

    month: date
    kind: str
    channel: str
    gender: str
    age_band_id: int | None
    language: str
    contacts: int


def both_years(period: Period) -> list[date]:
    return sorted({*period.months, *period.year_before.months})


def read_cube(helpline: Helpline, period: Period) -> list[CubeRow]:
    """Every contact of the period, counted by everything the monthly tables are about: one read, so they agree."""
    rows = (
        Contact.objects.filter(helpline=helpline, month__in=both_years(period))
        .values_list("month", "kind", "channel", "gender", "age_band_id", "language")
        .order_by()
        .annotate(count=Count("*"))
    )
    return [CubeRow(*row) for row in rows]


def counted_by(rows: Iterable[CubeRow], value_of: Callable[[CubeRow], Hashable]) -> MonthCounts:
    counts: MonthCounts = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[value_of(row)][row.month] += row.contacts
    return counts


def read_minutes(helpline: Helpline, period: Period, column: str) -> MonthCounts:
    """How many genuine contacts of a month lasted (or waited) each number of minutes; None is not known."""
    rows = (
        Contact.objects.filter(helpline=helpline, month__in=both_years(period), kind=Kind.GENUINE)
        .values_list(column, "month")
        .order_by()
        .annotate(count=Count("*"))
    )
    return _by_value(rows)


def read_hours(helpline: Helpline, period: Period) -> dict[tuple[int, int], int]:
    """How many genuine contacts began on each weekday (Monday is 0) and hour."""
    rows = (
        Contact.objects.filter(helpline=helpline, month__in=period.months, kind=Kind.GENUINE)
        .values_list("weekday", "hour")
        .order_by()
        .annotate(count=Count("*"))
    )
    return {(weekday, hour): count for weekday, hour, count in rows}


def read_themes(theme_ids: Sequence[int], period: Period) -> MonthCounts:
    rows = ContactTheme.objects.filter(theme__in=theme_ids, month__in=both_years(period))
    return _by_value(rows.values_list("theme_id", "month").order_by().annotate(count=Count("*")))


def read_referrals(body_ids: Sequence[int], period: Period) -> MonthCounts:
    rows = ContactReferral.objects.filter(body__in=body_ids, month__in=both_years(period))
    return _by_value(rows.values_list("body_id", "month").order_by().annotate(count=Count("*")))


def read_answers(choice_ids: Sequence[int], period: Period) -> MonthCounts:
    rows = ContactAnswer.objects.filter(choice__in=choice_ids, month__in=both_years(period))
    return _by_value(rows.values_list("choice_id", "month").order_by().annotate(count=Count("*")))


@dataclass(frozen=True, slots=True)
class EarlierCounts:
    """Earlier figures by theme and month, and the reports they come from (of the period itself only)."""

    counts: MonthCounts
    sources: tuple[str, ...]


def read_earlier(helpline: Helpline, period: Period) -> EarlierCounts:
    rows = EarlierFigure.objects.filter(report__helpline=helpline, month__in=both_years(period)).values_list(
        "theme_id", "month", "count", "report__source"
    )
    counts: MonthCounts = defaultdict(lambda: defaultdict(int))
    sources: dict[str, None] = {}
    shown = set(period.months)
    for theme_id, month, count, source in rows:
        counts[theme_id][month] += count
        if month in shown:
            sources[source] = None
    return EarlierCounts(counts, tuple(sorted(sources)))


TALLIES = ("answered", "gave_up", "closed_door")


def read_tallies(helpline: Helpline, period: Period) -> MonthCounts:
    """The hourly tallies by month. Hours are few, so here the zone is computed by the row."""
    months = both_years(period)
    zone = helpline.zone
    start, after = (datetime(day.year, day.month, 1, tzinfo=zone) for day in (months[0], period.next.first))
    rows = (
        Tally.objects.filter(helpline=helpline, hour_at__gte=start, hour_at__lt=after)
        .annotate(month=TruncMonth("hour_at", tzinfo=zone))
        .order_by()
        .values_list("month")
        .annotate(*(Sum(name) for name in TALLIES))
    )
    counts: MonthCounts = defaultdict(lambda: defaultdict(int))
    for month_at, *sums in rows:
        for name, tallied in zip(TALLIES, sums, strict=True):
            counts[name][month_at.date()] += tallied
    return counts


def _by_value(rows: Iterable[Any]) -> MonthCounts:
    counts: MonthCounts = defaultdict(lambda: defaultdict(int))
    for value, month, count in rows:
        counts[value][month] += count
    return counts
