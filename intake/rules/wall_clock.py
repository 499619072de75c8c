"""From the clock on the wall to moments in time, over nights that lack an hour or have one twice."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def moment_of(day: dt.date, time: dt.time, *, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The first moment (aware UTC) at which a clock on the wall in `zone` shows `time` on `day`, or later.

    In the night that has an hour twice this is the first of the two (as RFC 5545, 3.3.5, has it). In the night
    that lacks an hour, a time inside the missing hour is the moment of the change: 02:30 and 03:00 are the same.
    """
    wall = dt.datetime.combine(day, time)
    moment = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    return _change_between(wall.replace(tzinfo=zone, fold=1).astimezone(dt.UTC), moment, zone=zone)


def _change_between(before: dt.datetime, after: dt.datetime, *, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    # Zone data hold whole seconds; the offset differs at the two ends and changes once between them.
    low, high = int(before.timestamp()), int(after.timestamp()) + 1
    offset_before = before.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if dt.datetime.fromtimestamp(middle, zone).utcoffset() == offset_before:
            low = middle
        else:
            high = middle
    return dt.datetime.fromtimestamp(high, dt.UTC)
