"""Norwegian public holidays ("røde dager"), without ordinary Sundays."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays


def public_holiday(day: dt.date, *, language: str = "nb") -> str:
    """The name of the public holiday on `day`, or the empty string. English names for `en`, else Bokmål."""
    # The library calls Bokmål "no".
    return _names(day.year, "en_US" if language.startswith("en") else "no").get(day, "")


@lru_cache(maxsize=64)
def _names(year: int, language: str) -> dict[dt.date, str]:
    return dict(holidays.country_holidays("NO", years=year, language=language))
