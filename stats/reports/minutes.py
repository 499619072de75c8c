"""Duration and waiting: bands by month, median and ninth decile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from stats.reports.ledger import MonthCounts
from stats.reports.period import Period
from stats.reports.table import Table, monthly_table

DURATION_BANDS = (0, 6, 16, 31, 61, 121)
WAITING_BANDS = (0, 2, 6, 16, 31)
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class MinutesSummary:
    """Nearest-rank quantiles in whole minutes over the contacts whose minutes are known; None without any."""

    known: int
    median: int | None
    ninth_decile: int | None


def summarise_minutes(counts: MonthCounts, months: Iterable[date]) -> MinutesSummary:
    shown = set(months)
    by_minutes = {
        minutes: sum(count for month, count in by_month.items() if month in shown)
        for minutes, by_month in counts.items()
        if minutes is not None
    }
    known = sum(by_minutes.values())
    return MinutesSummary(known, nearest_rank(by_minutes, 50), nearest_rank(by_minutes, 90))


def nearest_rank(by_value: dict[int, int], percent: int) -> int | None:
    """The smallest value that at least `percent` of all do not exceed (nearest-rank method)."""
    left = -(-sum(by_value.values()) * percent // 100)
    for value in sorted(by_value):
        left -= by_value[value]
        if left <= 0 and by_value[value]:
            return value
    return None


def band_label(start: int, after: int | None) -> str:
    if after is None:
        return _("Over %(minutes)d minutter") % {"minutes": start - 1}
    return _("%(first)d–%(last)d minutter") % {"first": start, "last": after - 1}


def minutes_table(key: str, title: str, counts: MonthCounts, *, bands: tuple[int, ...], period: Period) -> Table:
    """Contacts by band of minutes and month; those whose minutes are not known have a row of their own."""
    banded: MonthCounts = defaultdict(lambda: defaultdict(int))
    for minutes, by_month in counts.items():
        band = UNKNOWN if minutes is None else max(start for start in bands if start <= minutes)
        for month, count in by_month.items():
            banded[band][month] += count
    ends = (*bands[1:], None)
    labels = [(start, band_label(start, after)) for start, after in zip(bands, ends, strict=True)]
    if UNKNOWN in banded:
        labels.append((UNKNOWN, _("Ikke oppgitt")))
    return monthly_table(
        key, title, _("Minutter"), labels=labels, counts=banded, period=period, total_label=_("Henvendelser i alt")
    )
