"""A table of themes by months from an earlier report, kept as earlier figures.

Columns: `theme`, if it was printed `printed_total`, then one for each month as YYYY-MM. Cells are whole numbers; an
empty cell is no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.imports.cells import BadCell, CellReader, whole_number
from stats.imports.naming import NameIndex, code_from, plain
from stats.imports.table_file import ImportRefused, Line, LineProblem, read_table_file
from stats.models import EarlierFigure, EarlierReport, PrintedTotal, Theme
from stats.models.contact import EARLIEST_MONTH

THEME, TOTAL = "theme", "printed_total"
LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class FigureRow:
    line: int
    name: str
    printed_total: int | None
    counts: dict[date, int]

    @property
    def summed(self) -> int:
        return sum(self.counts.values())

    @property
    def adds_up(self) -> bool:
        return self.printed_total is None or self.printed_total == self.summed


@dataclass(frozen=True, slots=True)
class ImportedFigures:
    """`figures` is how many cells are kept; `is_known` if they were all kept before."""

    figures: int
    is_known: bool
    new_themes: tuple[str, ...]
    differing: tuple[FigureRow, ...]


def import_figures(path: Path, *, helpline: Helpline, source: str, language: str = "nb") -> ImportedFigures:
    """Every figure of the file, or none: `ImportRefused` lists each bad row with its reason.

    A theme is found by its code or its name in any language. One the helpline does not have is made, named in
    `language` and retired after the last month of the file, so that no form offers it. The same file again changes
    nothing; other figures for a theme and month that has some are refused.
    """
    rows = read_figures(path)
    with transaction.atomic():
        # Two imports at the same time would each see none of the other's figures.
        Helpline.objects.select_for_update().get(pk=helpline.pk)
        themes, new = _themes_of(rows, helpline=helpline, language=language)
        is_known = _refuse_others(rows, themes)
        if not is_known:
            _write(rows, themes, EarlierReport.objects.get_or_create(helpline=helpline, source=source)[0])
    return ImportedFigures(
        figures=sum(len(row.counts) for row in rows),
        is_known=is_known,
        new_themes=tuple(new),
        differing=tuple(row for row in rows if not row.adds_up),
    )


def read_figures(path: Path) -> list[FigureRow]:
    """The rows of the file. Raises `ImportRefused` with every bad heading, or every bad row."""
    table = read_table_file(path)
    months = _months_of(table.headings)
    rows: list[FigureRow] = []
    problems = list(table.problems)
    for line in table.lines:
        cells = CellReader()
        rows.append(_row_of(line, months, cells))
        problems += [LineProblem(line.number, reason) for reason in cells.reasons]
    problems += _doubles(rows)
    if not problems and not any(row.counts for row in rows):
        problems.append(LineProblem(1, _("Filen har ingen tall.")))
    if problems:
        raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
    return rows


def _months_of(headings: Sequence[str]) -> dict[str, date]:
    problems, months = [], {}
    for heading in headings:
        if heading in (THEME, TOTAL):
            continue
        try:
            months[heading] = date.fromisoformat(f"{heading}-01")
        except ValueError:
            reason = _("Kolonnen «%(name)s» er ikke en måned. Skriv for eksempel 2020-03.")
            problems.append(LineProblem(1, reason % {"name": heading}))
        else:
            problems += _out_of_time(heading, months[heading])
    if THEME not in headings:
        problems.append(LineProblem(1, _("Kolonnen «%(name)s» mangler.") % {"name": THEME}))
    if not months:
        problems.append(LineProblem(1, _("Filen har ingen måneder.")))
    if problems:
        raise ImportRefused(problems)
    return months


def _out_of_time(heading: str, month: date) -> list[LineProblem]:
    # A day more than now, so that the first hours of a month in another time zone are no future.
    if month > timezone.now().date() + timedelta(days=1):
        return [LineProblem(1, _("Måneden %(name)s er i fremtiden.") % {"name": heading})]
    if month < EARLIEST_MONTH:
        reason = _("Måneden %(name)s er før %(year)d. Se på årstallet.")
        return [LineProblem(1, reason % {"name": heading, "year": EARLIEST_MONTH.year})]
    return []


def _row_of(line: Line, months: dict[str, date], cells: CellReader) -> FigureRow:
    counts = {
        month: cells.read(lambda heading=heading: _count(line, heading), instead=0)  # type: ignore[misc]  # bound at once
        for heading, month in months.items()
        if line.cells[heading]
    }
    return FigureRow(
        line=line.number,
        name=cells.read(lambda: _name(line), instead=""),
        printed_total=cells.read(lambda: _count(line, TOTAL), instead=None) if line.cells.get(TOTAL) else None,
        counts=counts,
    )


def _name(line: Line) -> str:
    if not line.cells[THEME]:
        raise BadCell(_("Temaet mangler."))
    return line.cells[THEME]


def _count(line: Line, heading: str) -> int:
    return whole_number(line.cells[heading], heading, largest=LARGEST)


def _doubles(rows: Iterable[FigureRow]) -> list[LineProblem]:
    seen: dict[str, int] = {}
    return [
        LineProblem(row.line, _("Temaet står også på linje %(line)d.") % {"line": first})
        for row in rows
        if row.name and (first := seen.setdefault(plain(row.name), row.line)) != row.line
    ]


def _themes_of(rows: Sequence[FigureRow], *, helpline: Helpline, language: str) -> tuple[dict[int, Theme], list[str]]:
    """The theme of each row by its line, and the names of those that were made."""
    existing = list(Theme.objects.filter(helpline=helpline))
    index = NameIndex(existing)
    _refuse_ambiguous(rows, index)
    themes: dict[int, Theme] = {}
    new: list[str] = []
    taken = {theme.code for theme in existing}
    position = max((theme.position for theme in existing), default=0)
    for row in rows:
        theme = index.find(row.name)
        if theme is None:
            position += 1
            theme = Theme.objects.create(
                helpline=helpline,
                code=code_from(row.name, taken=taken),
                name={language: row.name},
                position=position,
                retired_on=_after(rows),
            )
            taken.add(theme.code)
            new.append(row.name)
        themes[row.line] = theme
    _refuse_shared(rows, themes)
    return themes, new


def _refuse_ambiguous(rows: Sequence[FigureRow], index: NameIndex[Theme]) -> None:
    problems = [
        LineProblem(row.line, _("Flere temaer heter «%(name)s». Skriv temaets kode i stedet.") % {"name": row.name})
        for row in rows
        if index.is_shared(row.name)
    ]
    if problems:
        raise ImportRefused(problems)


def _refuse_shared(rows: Sequence[FigureRow], themes: dict[int, Theme]) -> None:
    seen: dict[int, int] = {}
    problems = [
        LineProblem(row.line, _("Temaet står også på linje %(line)d.") % {"line": first})
        for row in rows
        if (first := seen.setdefault(themes[row.line].pk, row.line)) != row.line
    ]
    if problems:
        raise ImportRefused(problems)


def _after(rows: Sequence[FigureRow]) -> date:
    last = max(month for row in rows for month in row.counts)
    return date(last.year + last.month // 12, last.month % 12 + 1, 1)


def _refuse_others(rows: Sequence[FigureRow], themes: dict[int, Theme]) -> bool:
    """Whether all the figures are kept already. Raises `ImportRefused` if some are, or other ones."""
    kept = {
        (figure.theme_id, figure.month): figure
        for figure in EarlierFigure.objects.filter(theme__in=themes.values()).select_related("report")
    }
    problems, known, cells = [], 0, 0
    for row in rows:
        for month, count in row.counts.items():
            cells += 1
            figure = kept.get((themes[row.line].pk, month))
            if figure is None:
                continue
            known += 1
            if figure.count != count:
                reason = _("%(month)s har allerede tallet %(count)d, fra «%(source)s».")
                named = {"month": f"{month:%Y-%m}", "count": figure.count, "source": figure.report.source}
                problems.append(LineProblem(row.line, reason % named))
    if known and known < cells and not problems:
        problems.append(LineProblem(1, _("Noen av tallene er importert før. Ta dem ut av filen.")))
    if problems:
        raise ImportRefused(problems)
    return bool(cells) and known == cells


def _write(rows: Sequence[FigureRow], themes: dict[int, Theme], report: EarlierReport) -> None:
    EarlierFigure.objects.bulk_create(
        EarlierFigure(report=report, theme=themes[row.line], month=month, count=count)
        for row in rows
        for month, count in row.counts.items()
    )
    PrintedTotal.objects.bulk_create(
        PrintedTotal(report=report, theme=themes[row.line], count=row.printed_total)
        for row in rows
        if row.printed_total is not None
    )
