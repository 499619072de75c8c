"""Contacts that add up to a table give the very table: the report counts, and nothing is lost or doubled."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stats.models import Channel, Contact, ContactTheme
from stats.reports.period import Period
from stats.reports.report import build_report
from stats.rules.code_lists import load_code_lists
from stats.rules.entry import ContactEntry
from stats.rules.registration import insert_contacts
from tests.stats.conftest import THEMES_2020, make_theme

pytestmark = pytest.mark.django_db

MONTHS = [date(2020, month, 1) for month in range(3, 9)]
SPRING_2020 = Period(MONTHS[0], MONTHS[-1])
THEMES_A_CONTACT = 1.6


def entries_adding_up_to(cells, themes, *, random):
    """Contacts with 1.6 themes each on average whose themes, counted by month, are `cells` (theme code to months).

    The registrations of a month, theme by theme, are dealt out to its contacts in turn, so that no contact is dealt a
    theme twice: none is registered more often than there are contacts.
    """
    for number, month in enumerate(MONTHS):
        registrations = [code for code, counts in cells.items() for _ in range(counts[number])]
        most = max((counts[number] for counts in cells.values()), default=0)
        contacts = max(most, round(len(registrations) / THEMES_A_CONTACT))
        dealt = [registrations[start::contacts] for start in range(contacts)] if contacts else []
        random.shuffle(dealt)
        for codes in dealt:
            started_at = datetime(2020, month.month, random.randint(1, 28), random.randint(0, 21), 30, tzinfo=UTC)
            yield ContactEntry(
                started_at=started_at,
                duration_minutes=random.randint(1, 90),
                channel=random.choice([Channel.CHAT, Channel.PHONE]),
                themes=tuple(themes[code] for code in codes),
            )


def table_of(helpline):
    table = build_report(helpline, SPRING_2020).table("themes")
    return {row.label: list(row.cells) for row in table.rows}, table


def test_contacts_that_add_up_to_the_132_cells_give_the_same_report(helpline):
    with THEMES_2020.open(newline="", encoding="utf-8") as file:
        printed = {row[0]: [int(cell) for cell in row[2:]] for row in list(csv.reader(file))[1:]}
    cells = {f"t{number}": counts for number, counts in enumerate(printed.values())}
    themes = {
        code: make_theme(helpline, code, name={"nb": name}, position=number)
        for number, (code, name) in enumerate(zip(cells, printed, strict=True))
    }
    entries = list(entries_adding_up_to(cells, themes, random=Random(1)))  # noqa: S311 - made-up contacts

    insert_contacts(entries, lists=load_code_lists(helpline))

    shown, table = table_of(helpline)
    registered = sum(map(sum, cells.values()))
    assert shown == printed
    assert sum(len(counts) for counts in shown.values()) == 132
    assert table.total.total == registered == ContactTheme.objects.count()
    assert 1.55 < registered / Contact.objects.count() < 1.65
    assert build_report(helpline, SPRING_2020).contacts.total == len(entries)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(st.lists(st.integers(0, 9), min_size=6, max_size=6), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_any_table_is_counted_as_it_is(helpline, cells, seed):
    with transaction.atomic():
        named = {f"t{number}": counts for number, counts in enumerate(cells)}
        themes = {code: make_theme(helpline, code) for code in named}
        entries = list(entries_adding_up_to(named, themes, random=Random(seed)))  # noqa: S311 - made-up contacts

        insert_contacts(entries, lists=load_code_lists(helpline))

        shown, table = table_of(helpline)
        assert shown == {code.capitalize(): counts for code, counts in named.items()}
        assert table.total.total == sum(map(sum, cells))
        transaction.set_rollback(True)
