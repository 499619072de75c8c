"""Weekday by hour: when contacts begin, in the helpline's own time."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from stats.reports.table import Column, Row, Table, sum_row

HOURS = range(24)


def week_table(counts: Mapping[tuple[int, int], int]) -> Table:
    rows = []
    for weekday in range(7):
        cells = tuple(counts.get((weekday, hour), 0) for hour in HOURS)
        rows.append(Row(str(WEEKDAYS[weekday]).capitalize(), cells, sum(cells)))
    return Table(
        key="week",
        title=_("Ukedag og klokkeslett"),
        heading=_("Ukedag"),
        columns=tuple(Column(f"{hour:02d}", f"{hour:02d}") for hour in HOURS),
        rows=tuple(rows),
        total=sum_row(_("Henvendelser i alt"), rows, width=len(HOURS)),
        notes=(_("Tallet øverst er timen henvendelsen startet i. Jo sterkere farge, jo flere henvendelser."),),
        has_before=False,
        is_hourly=True,
    )
