"""Half-years: the periods that a roster is drawn up for."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class HalfYear:
    """`half` 1 is January to June, 2 is July to December. Written 2025-1 and 2025-2."""

    year: int
    half: int

    @classmethod
    def of(cls, day: dt.date) -> HalfYear:
        return cls(day.year, 1 if day.month <= 6 else 2)

    @classmethod
    def parse(cls, text: str) -> HalfYear | None:
        found = re.fullmatch(r"([0-9]{4})-([12])", text)
        return cls(int(found[1]), int(found[2])) if found and 2000 <= int(found[1]) <= 2200 else None

    @property
    def first_on(self) -> dt.date:
        return dt.date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def last_on(self) -> dt.date:
        return dt.date(self.year, 6, 30) if self.half == 1 else dt.date(self.year, 12, 31)

    @property
    def following(self) -> HalfYear:
        return HalfYear(self.year, 2) if self.half == 1 else HalfYear(self.year + 1, 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.half}"
