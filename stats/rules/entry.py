"""A contact as it is written down, before it stands in the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stats.models import AgeBand, Channel, Choice, Gender, Kind, ReferralBody, Theme
from stats.models.contact import EARLIEST_MONTH, MAX_AGE, MAX_DURATION_MINUTES
from stats.rules.code_lists import CodeLists
from stats.rules.refusals import Problem

LANGUAGE = re.compile(r"[a-z]{2,8}")
# A clock that is a little ahead, and the quarter-hour a start is rounded to.
SOON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEntry:
    """`started_at` is aware; `age` is in years. An age that was given decides the band."""

    started_at: datetime
    duration_minutes: int
    channel: Channel
    kind: Kind = Kind.GENUINE
    gender: Gender = Gender.UNKNOWN
    waiting_minutes: int | None = None
    age: int | None = None
    age_band: AgeBand | None = None
    language: str = "nb"
    themes: tuple[Theme, ...] = ()
    referrals: tuple[ReferralBody, ...] = ()
    answers: tuple[Choice, ...] = ()
    entry_id: UUID | None = None

    def local_day(self, lists: CodeLists) -> date:
        return self.started_at.astimezone(lists.helpline.zone).date()


def narrowest(themes: Iterable[Theme]) -> tuple[Theme, ...]:
    """The themes without those whose sub-theme was chosen too: the sub-theme says it already."""
    chosen = {theme.pk: theme for theme in themes}
    said = {theme.parent_id for theme in chosen.values()}
    return tuple(theme for theme in chosen.values() if theme.pk not in said)


def problems_of(entry: ContactEntry, *, lists: CodeLists, now: datetime, is_historic: bool = False) -> list[Problem]:
    """What keeps an entry out of the ledger, as sentences for the person who fills it in. Asks no query.

    `is_historic` is for contacts registered elsewhere, under other rules: what the form demands today (how many
    themes, which questions) is then not asked of them.
    """
    found = [*_problems_of_time(entry, lists, now), *_problems_of_person(entry), *_problems_of_lists(entry, lists)]
    if not is_historic:
        found += _problems_of_rules(entry, lists)
    return found


def _problems_of_time(entry: ContactEntry, lists: CodeLists, now: datetime) -> Iterator[Problem]:
    if entry.local_day(lists) < EARLIEST_MONTH:
        reason = _("Starten kan ikke være før %(year)d. Se på årstallet.")
        yield Problem("started_at", reason % {"year": EARLIEST_MONTH.year})
    if entry.started_at > now + SOON:
        yield Problem("started_at", _("Starten er i fremtiden."))
    if not 0 <= entry.duration_minutes <= MAX_DURATION_MINUTES:
        yield Problem("duration_minutes", _("Varigheten må være mellom 0 minutter og 7 døgn."))
    if entry.waiting_minutes is not None and not 0 <= entry.waiting_minutes <= MAX_DURATION_MINUTES:
        yield Problem("waiting_minutes", _("Ventetiden må være mellom 0 minutter og 7 døgn."))


def _problems_of_person(entry: ContactEntry) -> Iterator[Problem]:
    if entry.age is not None and not 0 <= entry.age <= MAX_AGE:
        yield Problem("age", _("Alderen må være mellom 0 og 120 år."))
    if not LANGUAGE.fullmatch(entry.language):
        yield Problem("language", _("Skriv språket med små bokstaver, for eksempel nb eller en."))
    if entry.kind != Kind.GENUINE:
        # The tables of themes, referrals and answers count genuine contacts, and ask no second index whether they do.
        for field, chosen in (("themes", entry.themes), ("referrals", entry.referrals), ("answers", entry.answers)):
            if chosen:
                yield Problem(
                    field, _("Bare reelle henvendelser har dette. Velg typen «Reell», eller fjern det som er valgt.")
                )


def _problems_of_lists(entry: ContactEntry, lists: CodeLists) -> Iterator[Problem]:
    day = entry.local_day(lists)
    bands = (entry.age_band,) if entry.age_band else ()
    listed = (
        ("themes", entry.themes, lists.themes),
        ("referrals", entry.referrals, lists.bodies),
        ("answers", entry.answers, lists.choices),
        ("age_band", bands, lists.bands),
    )
    for field, chosen, known in listed:
        if not {item.pk for item in chosen} <= {item.pk for item in known}:
            yield Problem(field, _("Velg fra tjenestens egen liste."))
        for item in chosen:
            if not item.is_in_use_on(day):
                yield Problem(field, _("«%(name)s» var ikke lenger i bruk den dagen.") % {"name": item})


def _problems_of_rules(entry: ContactEntry, lists: CodeLists) -> Iterator[Problem]:
    if entry.kind != Kind.GENUINE:
        return
    count, rules = len(narrowest(entry.themes)), lists.rules
    can_be_chosen = any(theme.is_in_use_on(entry.local_day(lists)) for theme in lists.themes)
    if count < rules.min_themes and can_be_chosen:
        yield Problem(
            "themes",
            ngettext("Velg minst ett tema.", "Velg minst %(count)d temaer.", rules.min_themes)
            % {"count": rules.min_themes},
        )
    if rules.max_themes is not None and count > rules.max_themes:
        yield Problem(
            "themes",
            ngettext("Velg høyst ett tema.", "Velg høyst %(count)d temaer.", rules.max_themes)
            % {"count": rules.max_themes},
        )
    yield from _problems_of_questions(entry, lists)


def _problems_of_questions(entry: ContactEntry, lists: CodeLists) -> Iterator[Problem]:
    day = entry.local_day(lists)
    for question in lists.questions:
        given = [choice for choice in entry.answers if choice.question_id == question.pk]
        if question.is_required and question.is_in_use_on(day) and not given:
            yield Problem("answers", _("«%(question)s» må besvares.") % {"question": question})
        if len(given) > 1 and not question.is_multiple:
            yield Problem("answers", _("«%(question)s» kan bare ha ett svar.") % {"question": question})
