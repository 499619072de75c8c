"""The report of a helpline over a period: every table, from one set of queries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from babel import Locale
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from intake.models import Helpline
from stats.models import Channel, Gender, Kind, Question
from stats.reports import ledger
from stats.reports.chart import Chart, draw_chart
from stats.reports.minutes import (
    DURATION_BANDS,
    WAITING_BANDS,
    MinutesSummary,
    minutes_table,
    summarise_minutes,
)
from stats.reports.period import Period
from stats.reports.table import Row, Table, monthly_table
from stats.reports.themes import PrintedDifference, ThemeCounts, printed_differences, theme_table
from stats.reports.week import week_table
from stats.rules.code_lists import CodeLists, load_code_lists
from stats.rules.refusals import UnknownTable


@dataclass(frozen=True)
class Report:
    """`contacts` is the row of all genuine contacts; every table but those of themes and tries adds up to it."""

    helpline: Helpline
    period: Period
    contacts: Row
    duration: MinutesSummary
    waiting: MinutesSummary
    chart: Chart
    tables: tuple[Table, ...]
    differences: tuple[PrintedDifference, ...]

    @cached_property
    def by_key(self) -> dict[str, Table]:
        return {table.key: table for table in self.tables}

    def table(self, key: str) -> Table:
        """The table with that key. Raises `UnknownTable`."""
        if key not in self.by_key:
            raise UnknownTable
        return self.by_key[key]

    @property
    def filled_tables(self) -> list[Table]:
        return [table for table in self.tables if not table.is_empty]

    @property
    def empty_tables(self) -> list[Table]:
        return [table for table in self.tables if table.is_empty]

    @property
    def is_empty(self) -> bool:
        return all(table.is_empty for table in self.tables)


def build_report(helpline: Helpline, period: Period) -> Report:
    """Figures are exact and for the helpline's own staff. The number of queries is constant."""
    lists = load_code_lists(helpline)
    cube = ledger.read_cube(helpline, period)
    durations = ledger.read_minutes(helpline, period, "duration_minutes")
    waiting = ledger.read_minutes(helpline, period, "waiting_minutes")
    earlier = ledger.read_earlier(helpline, period)
    themes = ThemeCounts(ledger.read_themes([theme.pk for theme in lists.themes], period), earlier)
    channels = _channel_table(cube, period)
    tables = (
        channels,
        theme_table(lists.themes, themes, period=period),
        *_person_tables(cube, lists, period),
        minutes_table("durations", _("Varighet"), durations, bands=DURATION_BANDS, period=period),
        minutes_table("waiting", _("Ventetid"), waiting, bands=WAITING_BANDS, period=period),
        week_table(ledger.read_hours(helpline, period)),
        *_question_tables(lists, period),
        _referral_table(lists, period),
        _language_table(cube, period),
        _kind_table(cube, period),
        _tally_table(helpline, period),
    )
    return Report(
        helpline=helpline,
        period=period,
        contacts=channels.total,
        duration=summarise_minutes(durations, period.months),
        waiting=summarise_minutes(waiting, period.months),
        chart=draw_chart(channels),
        tables=tables,
        differences=tuple(printed_differences(helpline, lists.themes, earlier, period=period)),
    )


def genuine(cube: Iterable[ledger.CubeRow]) -> list[ledger.CubeRow]:
    return [row for row in cube if row.kind == Kind.GENUINE]


def _counted(labels: Iterable[tuple[str, Any]], counts: ledger.MonthCounts) -> list[tuple[Hashable, str]]:
    """The labels of what was counted at all."""
    return [(value, str(label)) for value, label in labels if any(counts[value].values())]


def _channel_table(cube: Sequence[ledger.CubeRow], period: Period) -> Table:
    counts = ledger.counted_by(genuine(cube), lambda row: row.channel)
    return monthly_table(
        "channels",
        _("Henvendelser etter kanal"),
        _("Kanal"),
        labels=_counted(Channel.choices, counts),
        counts={value: by_month for value, by_month in counts.items() if any(by_month.values())},
        period=period,
        total_label=_("Henvendelser i alt"),
    )


def _kind_table(cube: Sequence[ledger.CubeRow], period: Period) -> Table:
    counts = ledger.counted_by((row for row in cube if row.kind != Kind.TEST), lambda row: row.kind)
    return monthly_table(
        "kinds",
        _("Type henvendelse"),
        _("Type"),
        labels=[(value, str(label)) for value, label in Kind.choices if value != Kind.TEST],
        counts=dict(counts),
        period=period,
        total_label=_("Alle typer i alt"),
        notes=[_("De andre tabellene teller bare reelle henvendelser. Prøver er ikke med noe sted.")],
    )


def _person_tables(cube: Sequence[ledger.CubeRow], lists: CodeLists, period: Period) -> Iterable[Table]:
    rows = genuine(cube)
    yield monthly_table(
        "genders",
        _("Kjønn"),
        _("Kjønn"),
        labels=[(value, str(label)) for value, label in Gender.choices],
        counts=dict(ledger.counted_by(rows, lambda row: row.gender)),
        period=period,
        total_label=_("Henvendelser i alt"),
    )
    by_band = ledger.counted_by(rows, lambda row: row.age_band_id)
    bands = [(band.pk, str(band)) for band in lists.bands if band.is_in_use_on(period.first) or by_band[band.pk]]
    yield monthly_table(
        "ages",
        _("Alder"),
        _("Aldersgruppe"),
        labels=[*bands, (None, _("Ukjent"))],
        counts={value: by_month for value, by_month in by_band.items() if by_month},
        period=period,
        total_label=_("Henvendelser i alt"),
    )


def _question_tables(lists: CodeLists, period: Period) -> Iterable[Table]:
    counts = ledger.read_answers([choice.pk for choice in lists.choices], period)
    for question in lists.questions:
        is_counted = any(any(counts[choice.pk].values()) for choice in question.choices.all())
        if is_counted or question.is_in_use_on(period.first):
            yield _question_table(question, counts, period)


def _question_table(question: Question, counts: ledger.MonthCounts, period: Period) -> Table:
    choices = [
        choice
        for choice in question.choices.all()
        if choice.is_in_use_on(period.first) or any(counts[choice.pk].values())
    ]
    notes = [_("Henvendelser uten svar på spørsmålet er ikke med.")]
    if question.is_multiple:
        notes.append(_("En henvendelse kan ha flere svar."))
    return monthly_table(
        f"question-{question.code}",
        str(question),
        _("Svar"),
        labels=[(choice.pk, str(choice)) for choice in choices],
        counts={choice.pk: counts[choice.pk] for choice in choices},
        period=period,
        total_label=_("Svar i alt"),
        notes=notes,
    )


def _referral_table(lists: CodeLists, period: Period) -> Table:
    counts = ledger.read_referrals([body.pk for body in lists.bodies], period)
    bodies = [body for body in lists.bodies if body.is_in_use_on(period.first) or any(counts[body.pk].values())]
    return monthly_table(
        "referrals",
        _("Henvisninger"),
        _("Instans"),
        labels=[(body.pk, str(body)) for body in bodies],
        counts={body.pk: counts[body.pk] for body in bodies},
        period=period,
        total_label=_("Henvisninger i alt"),
        notes=[_("En henvendelse kan føre til flere henvisninger. De fleste fører ikke til noen.")],
    )


def _language_table(cube: Sequence[ledger.CubeRow], period: Period) -> Table:
    counts = ledger.counted_by(genuine(cube), lambda row: row.language)
    labels = sorted((code, language_name(code)) for code in counts)
    return monthly_table(
        "languages",
        _("Språk"),
        _("Språk"),
        labels=labels,
        counts=dict(counts),
        period=period,
        total_label=_("Henvendelser i alt"),
    )


def language_name(code: str) -> str:
    """What a language is called in the active language; the code itself if nobody knows it."""
    names = Locale.parse(get_language() or "nb", sep="-").languages
    return str(names.get(code, code)).capitalize() if code != "other" else _("Annet språk")


def _tally_table(helpline: Helpline, period: Period) -> Table:
    labels = {
        "answered": _("Besvart"),
        "gave_up": _("Ga opp i køen"),
        "closed_door": _("Møtte stengt dør"),
    }
    counts = ledger.read_tallies(helpline, period)
    return monthly_table(
        "tallies",
        _("Forsøk på å få chat"),
        _("Hva som skjedde"),
        labels=list(labels.items()),
        counts=dict(counts),
        period=period,
        total_label=_("Forsøk i alt"),
        notes=[_("Talt automatisk av chatten, uansett om henvendelsen ble registrert etterpå.")],
    )
