"""One row a contact, from another register. The columns stand in docs/imports.md."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import models, transaction
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.imports.cells import BadCell, CellReader, whole_number
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
# Far over what an entry may say, which is judged with the rest of it.
LARGEST = 999_999

Found = TypeVar("Found", bound=Named)
Choices = TypeVar("Choices", bound=models.TextChoices)


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
        problems = list(table.problems)
        seen: Counter[str] = Counter()
        for line in table.lines:
            cells = CellReader()
            entry = self._entry(line, cells)
            reasons = cells.reasons
            if entry is not None:
                found = problems_of(entry, lists=self.lists, now=now, is_historic=True)
                reasons += [problem.sentence for problem in found]
                entries.append(replace(entry, entry_id=self._row_id(line, seen)))
            problems += [LineProblem(line.number, reason) for reason in reasons]
        if problems:
            raise ImportRefused(sorted(problems, key=lambda problem: problem.line))
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

    def _entry(self, line: Line, cells: CellReader) -> ContactEntry | None:
        """The contact of a line, a bad cell left open. None without a time, which the rest is judged by."""
        text, read = defaultdict(str, line.cells), cells.read
        started_at = read(lambda: self._time(text["started_at"]), instead=None)
        entry = ContactEntry(
            started_at=started_at or datetime.min.replace(tzinfo=UTC),
            duration_minutes=read(lambda: _number(text["duration_minutes"], "duration_minutes"), instead=0),
            channel=read(lambda: _choice(text["channel"], Channel, "channel"), instead=Channel.CHAT),
            kind=read(lambda: _choice(text["kind"] or Kind.GENUINE, Kind, "kind"), instead=Kind.GENUINE),
            gender=read(lambda: _choice(text["gender"] or Gender.UNKNOWN, Gender, "gender"), instead=Gender.UNKNOWN),
            waiting_minutes=read(lambda: _number_or_none(text["waiting_minutes"], "waiting_minutes"), instead=None),
            age=read(lambda: _number_or_none(text["age"], "age"), instead=None),
            age_band=read(lambda: self._band(text["age_band"]), instead=None),
            language=text["language"] or "nb",
            themes=read(lambda: _several(text["themes"], self.themes, _("Ukjent tema: «%(name)s».")), instead=()),
            referrals=read(
                lambda: _several(text["referrals"], self.bodies, _("Ukjent instans: «%(name)s».")), instead=()
            ),
            answers=read(lambda: self._answers(line), instead=()),
        )
        return entry if started_at else None

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

    def _answers(self, line: Line) -> tuple[Choice, ...]:
        cells = CellReader()
        answers: list[Choice] = []
        for code in self.questions:
            index, sent = self.choices[code], line.cells.get(code, "")
            answers += cells.read(partial(_several, sent, index, _("Ukjent svar: «%(name)s».")), instead=())
        if cells.reasons:
            raise BadCell(*cells.reasons)
        return tuple(answers)

    def _row_id(self, line: Line, seen: Counter[str]) -> uuid.UUID:
        """The same for the same row of the same helpline; a row that stands twice in a file has two."""
        content = json.dumps(sorted((name, cell) for name, cell in line.cells.items() if cell), ensure_ascii=False)
        seen[content] += 1
        return uuid.uuid5(ROW_NAMESPACE, f"{self.lists.helpline.slug}\n{seen[content]}\n{content}")


def _several(text: str, index: NameIndex[Found], unknown: str) -> tuple[Found, ...]:
    named: dict[int, Found] = {}
    reasons = []
    for part in filter(None, (part.strip() for part in text.split(SEPARATOR))):
        found = index.find(part)
        if found is None:
            reasons.append(unknown % {"name": part})
        else:
            named.setdefault(id(found), found)
    if reasons:
        raise BadCell(*reasons)
    return tuple(named.values())


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
    return whole_number(text, column, largest=LARGEST)


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
