from __future__ import annotations

import datetime as dt
import zoneinfo


def oslo(text: str) -> dt.datetime:
    """A wall-clock time of Oslo, aware."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))
