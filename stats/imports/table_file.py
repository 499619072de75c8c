"""CSV files as people make them: comma or semicolon, with or without BOM, UTF-8 or what an older Excel writes."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from intake.errors import Refusal


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line cannot be imported. Lines are counted from 1, the heading included."""

    line: int
    reason: str

    def __str__(self) -> str:
        return _("Linje %(line)d: %(reason)s") % {"line": self.line, "reason": self.reason}


class ImportRefused(Refusal):
    """Nothing was imported; `problems` says what to change in the file."""

    code = "import_refused"
    status = 422

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__()


@dataclass(frozen=True, slots=True)
class Line:
    """One row: where it begins in the file, and its cells by heading."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class TableFile:
    """`problems` are of the lines that are left out of `lines`; who reads the rest refuses the file with both."""

    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    problems: tuple[LineProblem, ...] = ()


def why_unreadable(error: OSError) -> str:
    """Why a file could not be opened, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return _("Filen finnes ikke. Se på navnet og mappen.")
    if isinstance(error, IsADirectoryError):
        return _("Dette er en mappe, ikke en fil.")
    if isinstance(error, PermissionError):
        return _("Filen kan ikke leses: du mangler tilgang til den.")
    return _("Filen kan ikke leses.")


def read_table_file(path: Path) -> TableFile:
    """The rows of a CSV file, blank ones left out. Raises `ImportRefused` if it has no headings."""
    text = decode(path.read_bytes())
    first_line = text.split("\n", 1)[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    return parse_table(text, delimiter)


def decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def parse_table(text: str, delimiter: str) -> TableFile:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    headings: tuple[str, ...] = ()
    lines: list[Line] = []
    problems: list[LineProblem] = []
    start = 1
    try:
        for row in reader:
            cells, number, start = [cell.strip() for cell in row], start, reader.line_num + 1
            if not any(cells):
                continue
            if not headings:
                headings = check_headings(cells, number)
            elif len(cells) != len(headings):
                reason = _("%(found)d felt, men overskriften har %(wanted)d.")
                problems.append(LineProblem(number, reason % {"found": len(cells), "wanted": len(headings)}))
            else:
                lines.append(Line(number, dict(zip(headings, cells, strict=True))))
    except csv.Error:
        problems.append(LineProblem(start, _("Et anførselstegn mangler eller står feil.")))
    if not headings:
        raise ImportRefused(problems or [LineProblem(1, _("Filen er tom."))])
    return TableFile(headings, tuple(lines), tuple(problems))


def check_headings(cells: Sequence[str], number: int) -> tuple[str, ...]:
    seen: set[str] = set()
    for cell in cells:
        if not cell:
            raise ImportRefused([LineProblem(number, _("En kolonne mangler overskrift."))])
        if cell in seen:
            raise ImportRefused([LineProblem(number, _("Kolonnen «%(name)s» står to ganger.") % {"name": cell})])
        seen.add(cell)
    return tuple(cells)
