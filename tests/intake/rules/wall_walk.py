"""A slow model of opening hours: somebody who looks at the clock on the wall every minute."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Walk:
    minutes: list[dt.datetime]
    latest_shown: list[dt.datetime]
    """The latest time that the wall has shown so far: it stands still while an hour is lived twice."""

    def first_shown(self, wall: dt.datetime) -> int:
        """The number of the first minute at which the wall shows `wall` or later."""
        return bisect_left(self.latest_shown, wall)

    def open_minutes(self, spans: Iterable[tuple[dt.datetime, dt.datetime]]) -> list[bool]:
        """For every minute: is it inside one of the spans of wall-clock time?"""
        found = [False] * len(self.minutes)
        for opens, closes in spans:
            for number in range(self.first_shown(opens), self.first_shown(closes)):
                found[number] = True
        return found


@lru_cache(maxsize=32)
def walk(zone_name: str, first: dt.datetime, days: int) -> Walk:
    """Every minute from `first` (UTC)."""
    zone = zoneinfo.ZoneInfo(zone_name)
    minutes = [first + number * MINUTE for number in range(days * 24 * 60)]
    return Walk(minutes, list(accumulate((minute.astimezone(zone).replace(tzinfo=None) for minute in minutes), max)))
