"""The helpline's own time: how coarse a start is kept, and the columns that are written once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)


class LocalColumns(NamedTuple):
    month: date
    weekday: int
    hour: int


def quarter_of(at: datetime) -> datetime:
    """The quarter-hour that `at` lies in: a start is kept no finer."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def local_columns(at: datetime, *, zone: ZoneInfo) -> LocalColumns:
    """Month (its first day), weekday (Monday is 0) and hour of an aware time in `zone`."""
    local = at.astimezone(zone)
    return LocalColumns(local.date().replace(day=1), local.weekday(), local.hour)
