"""What every table of a report is made of. A total is the sum of its cells, or the table says why it is not."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format

from stats.reports.period import Period

# How often something was counted, by what it was and the month.
Counts = Mapping[Hashable, Mapping[date, int]]
LEVELS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """`label` is for people, `code` for files.

    `is_earlier`: it holds figures of an earlier report. `is_ahead`: its month has not begun.
    """

    label: str
    code: str
    is_earlier: bool = False
    year: str = ""
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`total` is the sum of `cells`, unless the table says otherwise; `before` is the total a year before.

    `earlier` says how much of each cell is an earlier figure, None where there is no such figure. A row with `group`
    lies under the row of that name, and is counted in it.
    """

    label: str
    cells: tuple[int, ...]
    total: int
    before: int | None = None
    earlier: tuple[int | None, ...] = ()
    group: str = ""
    note: str = ""

    @property
    def earlier_total(self) -> int:
        return sum(count or 0 for count in self.earlier)

    def marked_cells(self, columns: Sequence[Column], *, largest: int) -> list[Cell]:
        earlier = self.earlier or (None,) * len(self.cells)
        return [
            Cell(count, old, -(-count * LEVELS // largest) if largest else 0, column.is_ahead and not count)
            for column, count, old in zip(columns, self.cells, earlier, strict=True)
        ]

    @property
    def change_percent(self) -> int | None:
        return None if not self.before else round((self.total - self.before) * 100 / self.before)

    @property
    def change_size(self) -> int:
        return abs(self.change_percent or 0)


@dataclass(frozen=True, slots=True)
class Cell:
    """`level` is 0 for nothing and 1 to 5 by how near the cell is to the largest of its table.

    `is_blank`: nothing could be counted yet, which is not the same as 0.
    """

    count: int
    earlier: int | None = None
    level: int = 0
    is_blank: bool = False

    @property
    def is_mixed(self) -> bool:
        return self.earlier is not None and self.earlier < self.count


@dataclass(frozen=True, slots=True)
class Table:
    """`key` names it in addresses. `total` is the row of sums; where sums mean something else, `notes` say what."""

    key: str
    title: str
    heading: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row
    notes: tuple[str, ...] = ()
    has_before: bool = True
    is_hourly: bool = False
    earlier_sources: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(row.total for row in self.rows)

    @property
    def largest_cell(self) -> int:
        return max((cell for row in self.rows for cell in row.cells), default=0)

    @property
    def shown(self) -> list[tuple[Row, list[Cell]]]:
        """The rows with their cells as a page draws them."""
        return [(row, row.marked_cells(self.columns, largest=self.largest_cell)) for row in self.rows]

    @property
    def shown_total(self) -> list[Cell]:
        return self.total.marked_cells(self.columns, largest=0)

    @property
    def has_earlier(self) -> bool:
        return any(column.is_earlier for column in self.columns)

    @property
    def has_groups(self) -> bool:
        return any(row.group for row in self.rows)


def month_columns(period: Period, *, earlier: Iterable[date] = ()) -> tuple[Column, ...]:
    marked = set(earlier)
    return tuple(
        Column(
            date_format(month, "M").lower(),
            f"{month:%Y-%m}",
            month in marked,
            # The year stands where it begins: over the first column, and over each January.
            f"{month:%Y}" if index == 0 or month.month == 1 else "",
            period.is_ahead(month),
        )
        for index, month in enumerate(period.months)
    )


def month_row(label: str, counted: Mapping[date, int], *, period: Period, note: str = "", group: str = "") -> Row:
    """A row of a category by month, with the same months a year before."""
    cells = tuple(counted.get(month, 0) for month in period.months)
    before = sum(counted.get(month, 0) for month in period.year_before.months)
    return Row(label, cells, sum(cells), before, group=group, note=note)


def sum_row(label: str, rows: Sequence[Row], *, width: int) -> Row:
    """The row of sums over the rows that lie under no other."""
    outer = [row for row in rows if not row.group]
    cells = tuple(sum(row.cells[index] for row in outer) for index in range(width))
    earlier = tuple(sum(row.earlier[index] or 0 for row in outer if row.earlier) for index in range(width))
    return Row(
        label,
        cells,
        sum(row.total for row in outer),
        sum(row.before or 0 for row in outer),
        earlier if any(earlier) else (),
    )


def monthly_table(
    key: str,
    title: str,
    heading: str,
    *,
    labels: Iterable[tuple[Hashable, str]],
    counts: Counts,
    period: Period,
    total_label: str,
    notes: Sequence[str] = (),
) -> Table:
    """Categories by month, in the order of `labels`. A category that is counted but has no label is an error."""
    named = list(labels)
    assert set(counts) <= {value for value, _label in named}  # noqa: S101 - a count that no row shows would be lost
    rows = tuple(month_row(label, counts.get(value, {}), period=period) for value, label in named)
    return Table(
        key,
        title,
        heading,
        month_columns(period),
        rows,
        sum_row(total_label, rows, width=len(period.months)),
        tuple(notes),
        # A part of a period says nothing beside the whole of another.
        has_before=not period.is_unfinished,
    )
