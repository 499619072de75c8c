"""CSV for a Norwegian Excel: semicolons, UTF-8 with BOM, CRLF, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from stats.reports.table import Row, Table

BOM = "\ufeff"
# A cell that begins with one of these is taken for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

CellValue = str | int | None


def safe_cell(value: CellValue) -> str | int:
    """Text that cannot start a formula; numbers as they are."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def csv_bytes(headings: Sequence[str], rows: Iterable[Sequence[CellValue]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([safe_cell(heading) for heading in headings])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return (BOM + out.getvalue()).encode()


def table_bytes(table: Table) -> bytes:
    """The table as it stands on the page. A row of a second level has its name in a column of its own."""
    headings = [table.heading]
    if table.has_groups:
        headings.append(_("Under %(heading)s") % {"heading": table.heading.lower()})
    headings += [*(column.code for column in table.columns), _("Sum")]
    if table.has_earlier:
        headings.append(_("Herav tidligere tall"))
    if table.has_before:
        headings.append(_("Samme periode året før"))
    return csv_bytes(headings, [_cells(row, table) for row in (*table.rows, table.total)])


def _cells(row: Row, table: Table) -> list[CellValue]:
    cells: list[CellValue] = [row.group or row.label]
    if table.has_groups:
        cells.append(row.label if row.group else "")
    cells += [
        None if column.is_ahead and not count else count for column, count in zip(table.columns, row.cells, strict=True)
    ]
    cells.append(row.total)
    if table.has_earlier:
        cells.append(row.earlier_total)
    if table.has_before:
        cells.append(row.before)
    return cells
