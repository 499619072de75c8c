"""The months a report is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stats.rules.refusals import BadPeriod

MAX_MONTHS = 36
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
NAMED = re.compile(r"([0-9]{4})(?:-?([HQ])([1-4]))?")


def month_number(month: date) -> int:
    return month.year * 12 + month.month - 1


def month_at(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months from `first` to `last`, both included, each named by its first day.

    `today` is the day it is looked at; without one every month is over.
    """

    first: date
    last: date
    today: date | None = field(default=None, compare=False)

    @property
    def months(self) -> tuple[date, ...]:
        return tuple(month_at(number) for number in range(month_number(self.first), month_number(self.last) + 1))

    @property
    def is_unfinished(self) -> bool:
        return self.today is not None and self.today < month_at(month_number(self.last) + 1)

    def is_ahead(self, month: date) -> bool:
        """Whether a month has not begun."""
        return self.today is not None and month > self.today

    @property
    def year_before(self) -> Period:
        return self.shifted(-12)

    @property
    def previous(self) -> Period:
        return self.shifted(-len(self.months))

    @property
    def next(self) -> Period:
        return self.shifted(len(self.months))

    @property
    def query(self) -> str:
        """The period as it stands in an address."""
        return f"from={self.first:%Y-%m}&to={self.last:%Y-%m}"

    @property
    def file_part(self) -> str:
        return f"{self.first:%Y-%m}_{self.last:%Y-%m}"

    def shifted(self, months: int) -> Period:
        return Period(month_at(month_number(self.first) + months), month_at(month_number(self.last) + months))

    def __str__(self) -> str:
        if self.first == self.last:
            return date_format(self.first, "F Y")
        if self.first.year == self.last.year:
            return f"{date_format(self.first, 'F')}–{date_format(self.last, 'F Y')}"  # noqa: RUF100
        return f"{date_format(self.first, 'F Y')} – {date_format(self.last, 'F Y')}"

    @property
    def name(self) -> str:
        """What a whole half-year, quarter or year is called; nothing for other months."""
        return next((named.label for named in named_periods(self.first.year) if named.period == self), "")


def half_year_of(day: date) -> Period:
    start = 1 if day.month <= 6 else 7
    return Period(date(day.year, start, 1), date(day.year, start + 5, 1))


def parse_period(*, first: str, last: str, named: str = "", today: date) -> Period:
    """The period of an address: from and to as YYYY-MM, or a name (2020, 2020H1, 2020Q3).

    Nothing said is the half-year of `today`; one of from and to alone is that month. Raises `BadPeriod`.
    """
    return replace(_read_period(first, last, named, today), today=today)


def _read_period(first: str, last: str, named: str, today: date) -> Period:
    if named and not (first or last):
        return parse_named(named)
    if not (first or last):
        return half_year_of(today)
    period = Period(parse_month(first or last), parse_month(last or first))
    if period.first > period.last:
        raise BadPeriod(gettext_lazy("Den første måneden er etter den siste. Bytt dem om."))
    if len(period.months) > MAX_MONTHS:
        raise BadPeriod(gettext_lazy("En rapport kan vise høyst 36 måneder. Velg en kortere periode."))
    return period


def parse_month(text: str) -> date:
    """The first day of a month written YYYY-MM. Raises `BadPeriod`."""
    match = MONTH.fullmatch(text.strip())
    if match is None or not 1 <= int(match[2]) <= 12 or not 1900 <= int(match[1]) <= 2200:
        raise BadPeriod
    return date(int(match[1]), int(match[2]), 1)


def parse_named(text: str) -> Period:
    """A year, half-year or quarter. Raises `BadPeriod`."""
    match = NAMED.fullmatch(text.strip())
    if match is None or not 1900 <= int(match[1]) <= 2200 or (match[2] == "H" and int(match[3]) > 2):
        raise BadPeriod
    length = {None: 12, "H": 6, "Q": 3}[match[2]]
    first = month_number(date(int(match[1]), 1, 1)) + (int(match[3] or 1) - 1) * length
    return Period(month_at(first), month_at(first + length - 1))


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    name: str
    label: str
    period: Period


def named_periods(year: int) -> Iterator[NamedPeriod]:
    """The half-years, quarters and the whole of a year."""
    halves = {"H1": _("1. halvår %(year)d"), "H2": _("2. halvår %(year)d")}
    quarters = {
        "Q1": _("1. kvartal %(year)d"),
        "Q2": _("2. kvartal %(year)d"),
        "Q3": _("3. kvartal %(year)d"),
        "Q4": _("4. kvartal %(year)d"),
    }
    for part, label in {**halves, **quarters, "": _("Hele %(year)d")}.items():
        yield NamedPeriod(f"{year}{part}", label % {"year": year}, parse_named(f"{year}{part}"))
