"""Themes by month, in two levels, earlier figures in the same cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.models import PrintedTotal, Theme
from stats.reports.ledger import EarlierCounts, MonthCounts
from stats.reports.period import Period
from stats.reports.table import Row, Table, month_columns, sum_row


@dataclass(frozen=True, slots=True)
class ThemeCounts:
    """Registrations by theme and month: of contacts, and of earlier reports."""

    contacts: MonthCounts
    earlier: EarlierCounts

    def row(self, label: str, theme_ids: Sequence[int], *, period: Period, group: str = "", note: str = "") -> Row:
        counts = [source[theme_id] for theme_id in theme_ids for source in (self.contacts, self.earlier.counts)]
        cells = tuple(_in_month(counts, month) for month in period.months)
        earlier = tuple(self._earlier(theme_ids, month) for month in period.months)
        before = sum(_in_month(counts, month) for month in period.year_before.months)
        is_marked = any(figure is not None for figure in earlier)
        return Row(label, cells, sum(cells), before, earlier if is_marked else (), group, note)

    def _earlier(self, theme_ids: Sequence[int], month: date) -> int | None:
        figures = [by_month[month] for theme_id in theme_ids if month in (by_month := self.earlier.counts[theme_id])]
        return sum(figures) if figures else None


def _in_month(counts: Iterable[Mapping[date, int]], month: date) -> int:
    return sum(by_month.get(month, 0) for by_month in counts)


def theme_table(themes: Sequence[Theme], counts: ThemeCounts, *, period: Period) -> Table:
    """Every theme that could be chosen in the period or was counted in it."""
    rows = tuple(_theme_rows(themes, counts, period=period))
    marked = {month for by_month in counts.earlier.counts.values() for month in by_month}
    return Table(
        key="themes",
        title=_("Temaer"),
        heading=_("Tema"),
        columns=month_columns(period, earlier=marked),
        rows=rows,
        total=sum_row(_("Temaer i alt"), rows, width=len(period.months)),
        notes=(
            _("En henvendelse kan ha flere temaer. Summen er antall registrerte temaer, ikke antall henvendelser."),
        ),
        has_before=not period.is_unfinished,
        earlier_sources=counts.earlier.sources,
    )


def _theme_rows(themes: Sequence[Theme], counts: ThemeCounts, *, period: Period) -> list[Row]:
    children: dict[int, list[Theme]] = defaultdict(list)
    for theme in themes:
        if theme.parent_id is not None:
            children[theme.parent_id].append(theme)
    rows: list[Row] = []
    for theme in themes:
        if theme.parent_id is None:
            rows += _rows_of(theme, children[theme.pk], counts, period=period)
    return rows


def _rows_of(theme: Theme, children: Sequence[Theme], counts: ThemeCounts, *, period: Period) -> list[Row]:
    label = str(theme)
    own = counts.row(label, [theme.pk], period=period, note=_retired_note(theme, period))
    below = [
        (child, counts.row(str(child), [child.pk], period=period, group=label, note=_retired_note(child, period)))
        for child in children
    ]
    shown = [row for child, row in below if _is_shown(child, row, period)]
    if not shown:
        return [own] if _is_shown(theme, own, period) else []
    whole = counts.row(
        label, [theme.pk, *(child.pk for child in children)], period=period, note=_retired_note(theme, period)
    )
    if own.total or own.before:
        shown.append(counts.row(_("Uten nærmere angivelse"), [theme.pk], period=period, group=label))
    return [whole, *shown]


def _is_shown(theme: Theme, row: Row, period: Period) -> bool:
    return bool(row.total or row.before) or theme.is_in_use_on(period.first)


def _retired_note(theme: Theme, period: Period) -> str:
    if theme.retired_on is None or theme.retired_on > period.next.first:
        return ""
    return _("i bruk til %(month)s") % {"month": date_format(theme.retired_on - timedelta(days=1), "F Y")}


@dataclass(frozen=True, slots=True)
class PrintedDifference:
    """An earlier report's printed total that is not the sum of its months."""

    theme: str
    printed: int
    summed: int
    source: str


def printed_differences(
    helpline: Helpline, themes: Sequence[Theme], earlier: EarlierCounts, *, period: Period
) -> list[PrintedDifference]:
    """The printed totals that do not add up, of the earlier reports that lie wholly in the period. One query."""
    names = {theme.pk: str(theme) for theme in themes}
    printed = (
        PrintedTotal.objects.filter(report__helpline=helpline)
        .annotate(first=Min("report__figures__month"), last=Max("report__figures__month"))
        .filter(first__gte=period.first, last__lte=period.last)
        .order_by("theme__position", "theme_id")
        .values_list("theme_id", "count", "report__source")
    )
    return [
        PrintedDifference(names[theme_id], count, summed, source)
        for theme_id, count, source in printed
        if (summed := sum(earlier.counts[theme_id].get(month, 0) for month in period.months)) != count
    ]
