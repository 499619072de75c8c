"""One row a contact, from another register. The columns stand in docs/imports.md."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.imports.naming import Named, NameIndex, plain
from stats.imports.table_file import ImportRefused, Line, LineProblem, TableFile, read_table_file
from stats.models import AgeBand, Channel, Choice, Contact, Gender, Kind, ReferralBody, Theme
from stats.rules.code_lists import CodeLists, load_code_lists
from stats.rules.entry import ContactEntry, problems_of
from stats.rules.registration import insert_contacts

REQUIRED = ("started_at", "duration_minutes", "channel")
OPTIONAL = ("kind", "gender", "age", "age_band", "language", "waiting_minutes", "themes", "referrals")
SEPARATOR = "|"
# The name space of the ids that make a second import of the same row recognisable.
ROW_NAMESPACE = uuid.UUID("6f3c1f0e-31f5-4e0a-9d0b-0f4a3f9a7f11")
ID_BATCH = 500

Found = TypeVar("Found", bound=Named)
Choices = TypeVar("Choices", bound=models.TextChoices)


class BadCell(Exception):
    """One cell that cannot be read; the sentence is for the person who made the file."""


@dataclass(frozen=True, slots=True)
class Imported:
    added: int
    known: int


def import_contacts(path: Path, *, helpline: Helpline, now: datetime) -> Imported:
    """Every row of the file as a contact, or none: `ImportRefused` lists each bad row with its reason.

    A file that was imported before adds nothing. A file of which only some rows are known is refused, because
    nobody can tell whether they are the same contacts.
    """
    lists = load_code_lists(helpline)
    table = read_table_file(path)
    reader = RowReader(lists, table)
    entries = reader.read(table, now=now)
    with transaction.atomic():
        known = _known_ids(entries)
        if known and len(known) < len(entries):
            raise ImportRefused(
                [
                    LineProblem(line.number, _("Denne henvendelsen er importert før."))
                    for line, entry in zip(table.lines, entries, strict=True)
                    if entry.entry_id in known
                ]
            )
        if known:
            return Imported(added=0, known=len(known))
        insert_contacts(entries, lists=lists)
    return Imported(added=len(entries), known=0)


class RowReader:
    """Turns rows into entries with the helpline's lists, and gathers what is wrong."""

    def __init__(self, lists: CodeLists, table: TableFile) -> None:
        self.lists = lists
        self.themes = NameIndex(lists.themes)
        self.bodies = NameIndex(lists.bodies)
        self.bands = NameIndex(lists.bands)
        self.questions = {question.code: question for question in lists.questions}
        self.choices = {question.code: NameIndex(question.choices.all()) for question in lists.questions}
        self._check_headings(table)

    def read(self, table: TableFile, *, now: datetime) -> list[ContactEntry]:
        entries: list[ContactEntry] = []
        problems: list[LineProblem] = []
        seen: Counter[str] = Counter()
        for line in table.lines:
            try:
                entry = self._entry(line)
            except BadCell as bad:
                problems.append(LineProblem(line.number, str(bad)))
                continue
            found = problems_of(entry, lists=self.lists, now=now, is_historic=True)
            problems += [LineProblem(line.number, problem.sentence) for problem in found]
            entries.append(replace(entry, entry_id=self._row_id(line, seen)))
        if problems:
            raise ImportRefused(problems)
        return entries

    def _check_headings(self, table: TableFile) -> None:
        known = {*REQUIRED, *OPTIONAL, *self.questions}
        problems = [
            LineProblem(1, _("Kolonnen «%(name)s» er ukjent.") % {"name": name})
            for name in table.headings
            if name not in known
        ]
        problems += [
            LineProblem(1, _("Kolonnen «%(name)s» mangler.") % {"name": name})
            for name in REQUIRED
            if name not in table.headings
        ]
        if problems:
            raise ImportRefused(problems)

    def _entry(self, line: Line) -> ContactEntry:
        cells = line.cells
        return ContactEntry(
            started_at=self._time(cells["started_at"]),
            duration_minutes=_number(cells["duration_minutes"], "duration_minutes"),
            channel=_choice(cells["channel"], Channel, "channel"),
            kind=_choice(cells.get("kind") or Kind.GENUINE, Kind, "kind"),
            gender=_choice(cells.get("gender") or Gender.UNKNOWN, Gender, "gender"),
            waiting_minutes=_number_or_none(cells.get("waiting_minutes", ""), "waiting_minutes"),
            age=_number_or_none(cells.get("age", ""), "age"),
            age_band=self._band(cells.get("age_band", "")),
            language=cells.get("language") or "nb",
            themes=tuple(_several(cells.get("themes", ""), self.themes, _("Ukjent tema: «%(name)s»."))),
            referrals=tuple(_several(cells.get("referrals", ""), self.bodies, _("Ukjent instans: «%(name)s»."))),
            answers=tuple(self._answers(line)),
        )

    def _time(self, text: str) -> datetime:
        zone = self.lists.helpline.zone
        try:
            local = datetime.fromisoformat(text)
            at = local if local.tzinfo else local.replace(tzinfo=zone)
            # A time the clocks jumped over comes back from UTC as another; the ends of the calendar overflow.
            back = at.astimezone(UTC).astimezone(at.tzinfo)
            at.astimezone(zone)
        except (ValueError, OverflowError):
            raise BadCell(_("«%(text)s» er ikke et tidspunkt. Skriv 2020-03-01 14:30.") % {"text": text}) from None
        if back.replace(tzinfo=None) != at.replace(tzinfo=None):
            raise BadCell(_("Tidspunktet «%(text)s» finnes ikke: klokka ble stilt fram.") % {"text": text})
        return at

    def _band(self, text: str) -> AgeBand | None:
        if not text:
            return None
        named = self.bands.find(text) or next(
            (band for band in self.lists.bands if plain(str(band)) == plain(text)), None
        )
        if named is None:
            raise BadCell(_("Ukjent aldersgruppe: «%(name)s».") % {"name": text})
        return named

    def _answers(self, line: Line) -> Iterator[Choice]:
        for code in self.questions:
            yield from _several(line.cells.get(code, ""), self.choices[code], _("Ukjent svar: «%(name)s»."))

    def _row_id(self, line: Line, seen: Counter[str]) -> uuid.UUID:
        """The same for the same row of the same helpline; a row that stands twice in a file has two."""
        content = json.dumps(sorted((name, cell) for name, cell in line.cells.items() if cell), ensure_ascii=False)
        seen[content] += 1
        return uuid.uuid5(ROW_NAMESPACE, f"{self.lists.helpline.slug}\n{seen[content]}\n{content}")


def _several(text: str, index: NameIndex[Found], unknown: str) -> Iterator[Found]:
    named: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(SEPARATOR))):
        found = index.find(part)
        if found is None:
            raise BadCell(unknown % {"name": part})
        if id(found) not in named:
            named.add(id(found))
            yield found


def _choice(text: str, choices: type[Choices], column: str) -> Choices:
    for choice in choices:
        if plain(text) in {choice.value, plain(str(choice.label))}:
            return choice
    allowed = ", ".join(choices.values)
    raise BadCell(
        _("«%(text)s» passer ikke i %(column)s. Bruk en av disse: %(allowed)s.")
        % {"text": text, "column": column, "allowed": allowed}
    )


def _number(text: str, column: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise BadCell(_("«%(text)s» i %(column)s er ikke et helt tall.") % {"text": text, "column": column})
    return int(text)


def _number_or_none(text: str, column: str) -> int | None:
    return _number(text, column) if text else None


def _known_ids(entries: list[ContactEntry]) -> set[uuid.UUID]:
    ids = [entry.entry_id for entry in entries if entry.entry_id is not None]
    known: set[uuid.UUID] = set()
    for start in range(0, len(ids), ID_BATCH):
        rows = Contact.objects.filter(entry_id__in=ids[start : start + ID_BATCH]).values_list("entry_id", flat=True)
        known |= {row for row in rows if row is not None}
    return known


def contacts_template(helpline: Helpline) -> str:
    """An empty file with the helpline's own columns, and one row that shows how each is filled in."""
    lists = load_code_lists(helpline)
    example = {
        "started_at": "2020-03-01 14:30",
        "duration_minutes": "25",
        "channel": Channel.PHONE.value,
        "kind": Kind.GENUINE.value,
        "gender": Gender.UNKNOWN.value,
        "age": "34",
        "language": "nb",
        "themes": SEPARATOR.join(theme.code for theme in _first(lists.themes, 2)),
        "referrals": SEPARATOR.join(body.code for body in _first(lists.bodies, 1)),
    }
    questions = [question.code for question in lists.questions]
    for question in lists.questions:
        example[question.code] = SEPARATOR.join(choice.code for choice in list(question.choices.all())[:1])
    out = io.StringIO()
    writer = csv.DictWriter(out, [*REQUIRED, *OPTIONAL, *questions], delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(example)
    return out.getvalue()


def _first(entries: tuple[Theme, ...] | tuple[ReferralBody, ...], count: int) -> Iterator[Theme | ReferralBody]:
    return iter([entry for entry in entries if entry.retired_on is None][:count])
