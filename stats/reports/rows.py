"""Contacts row by row, for a spreadsheet: coarse by default, exact when that was asked for knowingly.

Month, age band and duration band are what the reports show already. The exact start, the age in years and the exact
minutes single a person out for somebody who knows when she wrote, so they are left out of the coarse file, and its
rows are sorted by what they say: their order tells nothing (docs/privacy.md, "The ledger").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.models import Contact, ContactAnswer, ContactReferral, ContactTheme, Kind
from stats.models.contact import Channel, Gender
from stats.reports.files import CellValue, csv_bytes
from stats.reports.minutes import DURATION_BANDS, band_label
from stats.reports.period import Period
from stats.reports.report import language_name
from stats.rules.code_lists import CodeLists, load_code_lists

SEPARATOR = "|"
# The columns that `manage.py import_contacts` reads.
EXACT_HEADINGS = (
    "started_at",
    "duration_minutes",
    "channel",
    "kind",
    "gender",
    "age",
    "age_band",
    "language",
    "waiting_minutes",
    "themes",
    "referrals",
)


@dataclass(frozen=True, slots=True)
class Below:
    """What was chosen for each contact, by its key."""

    themes: dict[int, list[int]]
    bodies: dict[int, list[int]]
    choices: dict[int, list[int]]


def coarse_rows(helpline: Helpline, period: Period) -> bytes:
    """Every contact of the period but tests, without what singles a person out. Five queries and the lists."""
    lists = load_code_lists(helpline)
    headings = [
        _("Måned"),
        _("Kanal"),
        _("Type"),
        _("Kjønn"),
        _("Aldersgruppe"),
        _("Varighet"),
        _("Språk"),
        _("Temaer"),
        _("Henvisninger"),
        *(str(question) for question in lists.questions),
    ]
    contacts = _contacts(helpline, period).exclude(kind=Kind.TEST)
    below = _below(helpline, period)
    return csv_bytes(headings, sorted(_coarse(contact, below, lists) for contact in contacts))


def exact_rows(helpline: Helpline, period: Period) -> bytes:
    """Every contact of the period with everything the ledger has, in the columns that an import reads."""
    lists = load_code_lists(helpline)
    headings = [*EXACT_HEADINGS, *(question.code for question in lists.questions)]
    below = _below(helpline, period)
    contacts = _contacts(helpline, period).order_by("started_at", "id")
    return csv_bytes(headings, [_exact(contact, below, lists) for contact in contacts])


def _contacts(helpline: Helpline, period: Period) -> QuerySet[Contact]:
    return Contact.objects.filter(helpline=helpline, month__in=period.months)


def _below(helpline: Helpline, period: Period) -> Below:
    of_period = {"contact__helpline": helpline, "month__in": period.months}
    return Below(
        _grouped(ContactTheme.objects.filter(**of_period).values_list("contact_id", "theme_id")),
        _grouped(ContactReferral.objects.filter(**of_period).values_list("contact_id", "body_id")),
        _grouped(ContactAnswer.objects.filter(**of_period).values_list("contact_id", "choice_id")),
    )


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for contact_id, chosen_id in pairs:
        found[contact_id].append(chosen_id)
    return found


def _coarse(contact: Contact, below: Below, lists: CodeLists) -> list[str]:
    chosen = set(below.choices.get(contact.pk, []))
    return [
        f"{contact.month:%Y-%m}",
        str(Channel(contact.channel).label),
        str(Kind(contact.kind).label),
        str(Gender(contact.gender).label),
        next((str(band) for band in lists.bands if band.pk == contact.age_band_id), _("Ukjent")),
        _duration_band(contact.duration_minutes),
        language_name(contact.language),
        _joined(str(theme) for theme in lists.themes if theme.pk in below.themes.get(contact.pk, ())),
        _joined(str(body) for body in lists.bodies if body.pk in below.bodies.get(contact.pk, ())),
        *(
            _joined(str(choice) for choice in question.choices.all() if choice.pk in chosen)
            for question in lists.questions
        ),
    ]


def _exact(contact: Contact, below: Below, lists: CodeLists) -> list[CellValue]:
    chosen = set(below.choices.get(contact.pk, []))
    return [
        f"{contact.started_at.astimezone(lists.helpline.zone):%Y-%m-%d %H:%M}",
        contact.duration_minutes,
        contact.channel,
        contact.kind,
        contact.gender,
        contact.age,
        next((band.code for band in lists.bands if band.pk == contact.age_band_id), ""),
        contact.language,
        contact.waiting_minutes,
        _joined(theme.code for theme in lists.themes if theme.pk in below.themes.get(contact.pk, ())),
        _joined(body.code for body in lists.bodies if body.pk in below.bodies.get(contact.pk, ())),
        *(
            _joined(choice.code for choice in question.choices.all() if choice.pk in chosen)
            for question in lists.questions
        ),
    ]


def _duration_band(minutes: int) -> str:
    ends = (*DURATION_BANDS[1:], None)
    start, after = max(band for band in zip(DURATION_BANDS, ends, strict=True) if band[0] <= minutes)
    return band_label(start, after)


def _joined(parts: Iterable[str]) -> str:
    return f" {SEPARATOR} ".join(parts)
