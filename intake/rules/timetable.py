"""A helpline's opening hours as intervals of time: weekly rows, exception dates and public holidays put together."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from intake.models import ExceptionDate, Helpline, OpeningHours
from intake.rules.holidays import public_holiday
from intake.rules.wall_clock import moment_of

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `starts_at` up to, but not including, `ends_at`. Aware UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def length(self) -> dt.timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class DayHours:
    """What the door says of one date: the hours that begin on it, and why it differs from the week, if it does."""

    on: dt.date
    times: tuple[tuple[dt.time, dt.time], ...]
    reason: str

    @property
    def round_the_clock(self) -> bool:
        return self.times == ((dt.time.min, dt.time.min),)


@dataclass(frozen=True)
class Timetable:
    """The rows of one helpline, read once (`read_timetable`)."""

    zone: zoneinfo.ZoneInfo
    weekly: tuple[OpeningHours, ...]
    exceptions: dict[dt.date, list[ExceptionDate]]
    follows_public_holidays: bool

    def day_hours(self, day: dt.date, *, language: str = "nb") -> DayHours:
        """An exception date takes the place of the holiday, and the holiday of the week."""
        if day in self.exceptions:
            rows = self.exceptions[day]
            return DayHours(day, _sorted_times(rows), next((row.reason for row in rows if row.reason), ""))
        holiday = public_holiday(day, language=language) if self.follows_public_holidays else ""
        if holiday:
            return DayHours(day, (), holiday)
        return DayHours(day, _sorted_times(row for row in self.weekly if _is_valid(row, day)), "")

    def from_day(self, first: dt.date, *, days: int) -> Iterator[Interval]:
        """Merged intervals that begin within `days` dates from `first`, in order; read lazily.

        The last one may be cut: what begins on the day after it is not seen.
        """
        return merged(self._intervals(first, days))

    def _intervals(self, first: dt.date, days: int) -> Iterator[Interval]:
        for number in range(days):
            day = first + number * ONE_DAY
            for opens, closes in self.day_hours(day).times:
                last = day if closes > opens else day + ONE_DAY
                start = moment_of(day, opens, zone=self.zone)
                end = moment_of(last, closes, zone=self.zone)
                # Wholly inside the hour that a spring night lacks: it never comes.
                if start < end:
                    yield Interval(start, end)


def read_timetable(helpline: Helpline) -> Timetable:
    """Two queries, or none if `opening_hours` and `exception_dates` are prefetched."""
    exceptions: dict[dt.date, list[ExceptionDate]] = {}
    for row in helpline.exception_dates.all():
        exceptions.setdefault(row.on, []).append(row)
    return Timetable(
        zone=helpline.zone,
        weekly=tuple(helpline.opening_hours.all()),
        exceptions=exceptions,
        follows_public_holidays=helpline.follows_public_holidays,
    )


def merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Intervals in order of their starts, those that touch or overlap joined into one."""
    current: Interval | None = None
    for interval in intervals:
        if current is None:
            current = interval
        elif interval.starts_at <= current.ends_at:
            current = Interval(current.starts_at, max(current.ends_at, interval.ends_at))
        else:
            yield current
            current = interval
    if current is not None:
        yield current


def subtracted(intervals: Iterable[Interval], *, taken: Iterable[Interval]) -> list[Interval]:
    """The parts of `intervals` (merged, in order) that no interval of `taken` covers."""
    covers = list(merged(sorted(taken)))
    left: list[Interval] = []
    for interval in intervals:
        start = interval.starts_at
        for cover in covers:
            if cover.ends_at <= start or cover.starts_at >= interval.ends_at:
                continue
            if start < cover.starts_at:
                left.append(Interval(start, cover.starts_at))
            start = max(start, cover.ends_at)
        if start < interval.ends_at:
            left.append(Interval(start, interval.ends_at))
    return left


def _is_valid(row: OpeningHours, day: dt.date) -> bool:
    return (
        row.weekday == day.weekday()
        and (row.valid_from_on is None or row.valid_from_on <= day)
        and (row.valid_until_on is None or day <= row.valid_until_on)
    )


def _sorted_times(rows: Iterable[OpeningHours | ExceptionDate]) -> tuple[tuple[dt.time, dt.time], ...]:
    return tuple(sorted((row.opens, row.closes) for row in rows if row.opens is not None and row.closes is not None))
