"""Contacts by month and channel as stacked bars: the numbers of an SVG, which the template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stats.reports.table import Column, Row, Table

HEIGHT, LEFT, TOP, BOTTOM = 280, 44, 18, 44
STEP, BAR = 96, 56
MAX_TICKS = 5


@dataclass(frozen=True, slots=True)
class Piece:
    x: float
    y: float
    height: float
    css: str
    title: str

    @property
    def width(self) -> int:
        return BAR


@dataclass(frozen=True, slots=True)
class Bar:
    middle: float
    label: str
    year: str
    total: int
    top: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Legend:
    label: str
    css: str


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    legend: tuple[Legend, ...]

    height = HEIGHT
    left = LEFT
    base = HEIGHT - BOTTOM

    @property
    def number_x(self) -> int:
        return self.left - 8

    @property
    def label_y(self) -> int:
        return self.base + 18

    @property
    def year_y(self) -> int:
        return self.base + 36


def draw_chart(table: Table) -> Chart:
    """Stacked bars of a table of months, one colour a row. The table beside it says the same in numbers."""
    totals = [sum(row.cells[index] for row in table.rows) for index in range(len(table.columns))]
    largest = max(totals, default=0)
    step = axis_step(largest)
    top = step * max(1, -(-largest // step))
    bars = tuple(
        _bar(index, column, table.rows, total=total, top=top)
        for index, (column, total) in enumerate(zip(table.columns, totals, strict=True))
    )
    ticks = tuple(Tick(_y(value, top), value) for value in range(0, top + 1, step))
    legend = tuple(Legend(row.label, f"chart__piece--{number}") for number, row in enumerate(table.rows, start=1))
    return Chart(LEFT + STEP * len(bars) + 8, bars, ticks, legend)


def axis_step(largest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … that reaches `largest` in at most five steps."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if largest <= MAX_TICKS * factor * step:
                return factor * step
        step *= 10


def _bar(index: int, column: Column, rows: Sequence[Row], *, total: int, top: int) -> Bar:
    x = LEFT + STEP * index + (STEP - BAR) / 2
    pieces, below = [], 0
    for number, row in enumerate(rows, start=1):
        if count := row.cells[index]:
            y, bottom = _y(below + count, top), _y(below, top)
            title = f"{row.label}, {column.label}: {count}"
            pieces.append(Piece(round(x, 1), y, round(bottom - y, 1), f"chart__piece--{number}", title))
        below += count
    return Bar(x + BAR / 2, column.label, column.year, total, _y(total, top) - 6, tuple(pieces))


def _y(value: float, top: int) -> float:
    room = HEIGHT - TOP - BOTTOM
    return round(TOP + room * (1 - value / top), 1)
