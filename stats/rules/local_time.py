"""The helpline's own time: the columns that are written once."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo


class LocalColumns(NamedTuple):
    month: date
    weekday: int
    hour: int


def local_columns(at: datetime, *, zone: ZoneInfo) -> LocalColumns:
    """Month (its first day), weekday (Monday is 0) and hour of an aware time in `zone`."""
    local = at.astimezone(zone)
    return LocalColumns(local.date().replace(day=1), local.weekday(), local.hour)
