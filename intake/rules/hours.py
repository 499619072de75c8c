"""When a helpline is open, until when, and when it opens next."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from intake.errors import Refusal
from intake.models import Helpline
from intake.rules.timetable import ONE_DAY, DayHours, Interval, Timetable, read_timetable

OPENS_WITHIN_DAYS = 60
"""How far ahead "opens next" is looked for: past a summer closing."""
CLOSES_WITHIN_DAYS = 8
"""An interval that goes on longer than this is said to have no end: every weekday has come round."""


class AlreadyClosed(Refusal):
    code = "already_closed"
    status = 409
    title = _("Tjenesten er allerede stengt, så det er ingenting å stenge for nye.")


@dataclass(frozen=True, slots=True)
class OpeningState:
    """What the door says. Aware UTC.

    `open`: somebody new may come in. `closes_at`: None when closed, and when it never closes.
    `opens_at`: None when open, and when no opening is in sight. `soft_closed`: within the hours, those who
    are in stay in, nobody new is let in.
    """

    open: bool
    closes_at: dt.datetime | None
    opens_at: dt.datetime | None
    soft_closed: bool


def opening_state(helpline: Helpline, *, now: dt.datetime) -> OpeningState:
    """Open or closed at `now`, and until when. Two queries, or none when the hours are prefetched."""
    timetable = read_timetable(helpline)
    current = _current(timetable, now)
    soft_closed = current is not None and _is_soft_closed(helpline.soft_closed_at, timetable, now)
    if current is None or soft_closed:
        return OpeningState(open=False, closes_at=None, opens_at=_next_opening(timetable, now), soft_closed=soft_closed)
    endless = current.ends_at > now + CLOSES_WITHIN_DAYS * ONE_DAY
    return OpeningState(open=True, closes_at=None if endless else current.ends_at, opens_at=None, soft_closed=False)


def open_intervals(helpline: Helpline, *, start: dt.datetime, end: dt.datetime) -> list[Interval]:
    """The opening hours between `start` and `end` (aware), merged and cut to these. Soft closing does not count."""
    if end <= start:
        return []
    timetable = read_timetable(helpline)
    first = _local_date(start, timetable.zone) - ONE_DAY
    days = (_local_date(end, timetable.zone) - first).days + 1
    cut = (
        Interval(max(interval.starts_at, start.astimezone(dt.UTC)), min(interval.ends_at, end.astimezone(dt.UTC)))
        for interval in timetable.from_day(first, days=days)
    )
    return [interval for interval in cut if interval.starts_at < interval.ends_at]


def week_hours(helpline: Helpline, *, start: dt.date, days: int = 7) -> list[DayHours]:
    """The hours date by date from `start` (a date of the helpline), with the reason of exceptions and holidays."""
    timetable = read_timetable(helpline)
    language = get_language() or "nb"
    return [timetable.day_hours(start + number * ONE_DAY, language=language) for number in range(days)]


def soft_close(helpline: Helpline, *, now: dt.datetime) -> None:
    """Let nobody new in. Who is in stays in. Lifts itself at the next opening; round the clock until `reopen`.

    Raises AlreadyClosed outside the hours: what begins next would lift it anyway. Closing twice keeps the first
    time. Wakes nobody: visitors ask for the state.
    """
    state = opening_state(helpline, now=now)
    if state.soft_closed:
        return
    if not state.open:
        raise AlreadyClosed
    _set_soft_closed_at(helpline, now)


def reopen(helpline: Helpline) -> None:
    """Let new visitors in again, if it is within the hours."""
    _set_soft_closed_at(helpline, None)


def _set_soft_closed_at(helpline: Helpline, at: dt.datetime | None) -> None:
    Helpline.objects.filter(pk=helpline.pk).update(soft_closed_at=at)
    helpline.soft_closed_at = at


def _current(timetable: Timetable, now: dt.datetime) -> Interval | None:
    first = _local_date(now, timetable.zone) - ONE_DAY
    for interval in timetable.from_day(first, days=CLOSES_WITHIN_DAYS + 3):
        if interval.starts_at > now:
            return None
        if now < interval.ends_at:
            return interval
    return None


def _next_opening(timetable: Timetable, now: dt.datetime) -> dt.datetime | None:
    first = _local_date(now, timetable.zone) - ONE_DAY
    upcoming = timetable.from_day(first, days=OPENS_WITHIN_DAYS + 2)
    return next((interval.starts_at for interval in upcoming if interval.starts_at > now), None)


def _is_soft_closed(soft_closed_at: dt.datetime | None, timetable: Timetable, now: dt.datetime) -> bool:
    """Since `soft_closed_at` no opening has begun: one interval holds both it and `now`."""
    if soft_closed_at is None or soft_closed_at > now:
        return False
    first = _local_date(soft_closed_at, timetable.zone) - ONE_DAY
    days = (_local_date(now, timetable.zone) - first).days + 1
    return any(
        interval.starts_at <= soft_closed_at and now < interval.ends_at
        for interval in timetable.from_day(first, days=days)
    )


def _local_date(moment: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.date:
    return moment.astimezone(zone).date()
