"""Every table of the report: what it counts, that it adds up, and what it costs."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from intake.models import Tally
from stats.models import Channel, Gender, Kind, Theme
from stats.reports.period import Period
from stats.reports.report import build_report, language_name
from stats.rules.code_lists import load_code_lists
from stats.rules.registration import insert_contacts, register_contact
from tests.stats.conftest import NOW

pytestmark = pytest.mark.django_db

SPRING_2020 = Period(date(2020, 3, 1), date(2020, 8, 1))


def at(month, day=10, hour=12, year=2020):
    return datetime(year, month, day, hour, 15, tzinfo=UTC)


def rows(helpline, key, period=SPRING_2020):
    return {row.label: row for row in build_report(helpline, period).table(key).rows}


def cells(helpline, key, period=SPRING_2020):
    return {label: row.cells for label, row in rows(helpline, key, period).items() if row.total}


@pytest.fixture
def mixed(register, visits, health, crisis, police, relation, young, grown):
    """Contacts that differ in everything a table is about, over two years."""
    mother, father, _friend = relation.choices.all()
    register(started_at=at(3), age=20, answers=(mother,), referrals=(police,))
    register(
        started_at=at(3, hour=20), themes=(visits, crisis), channel=Channel.PHONE, age_band=grown, gender=Gender.MAN
    )
    register(started_at=at(4, 12), themes=(health,), duration_minutes=70, waiting_minutes=9, language="en")
    register(started_at=at(8, 31, 23), answers=(father,))
    register(started_at=at(3, year=2019), channel=Channel.EMAIL)
    register(started_at=at(3), kind=Kind.SILENT, themes=())
    register(started_at=at(3), kind=Kind.TEST, themes=())


def test_every_total_is_the_sum_of_its_cells(helpline, mixed):
    report = build_report(helpline, SPRING_2020)

    assert len(report.filled_tables) == len(report.tables) - 1
    for table in report.filled_tables:
        outer = [row for row in table.rows if not row.group]
        assert all(row.total == sum(row.cells) for row in table.rows)
        assert list(table.total.cells) == [sum(column) for column in zip(*(row.cells for row in outer), strict=True)]
        assert table.total.total == sum(table.total.cells)


def test_tables_of_contacts_agree_on_how_many_there_are(helpline, mixed):
    report = build_report(helpline, SPRING_2020)

    for key in ("channels", "genders", "ages", "durations", "waiting", "week", "languages"):
        assert report.table(key).total.total == report.contacts.total == 3


def test_a_summer_night_belongs_to_the_helplines_own_month(helpline, mixed):
    # 31 August at 23.15 UTC is 1 September in Oslo.
    assert build_report(helpline, Period(date(2020, 9, 1), date(2020, 9, 1))).contacts.total == 1


def test_channels_and_the_year_before(helpline, mixed):
    table = build_report(helpline, SPRING_2020).table("channels")

    assert {row.label: (row.cells, row.before, row.change_percent) for row in table.rows} == {
        "Chat": ((1, 1, 0, 0, 0, 0), 0, None),
        "Telefon": ((1, 0, 0, 0, 0, 0), 0, None),
        "E-post": ((0, 0, 0, 0, 0, 0), 1, -100),
    }
    assert table.total.change_percent == 200


def test_a_theme_with_sub_themes_is_their_sum(helpline, mixed):
    table = build_report(helpline, SPRING_2020).table("themes")

    assert [(row.group, row.label, row.total) for row in table.rows] == [
        ("", "Besøk", 2),
        ("", "Psykisk helse", 2),
        ("Psykisk helse", "Krise", 1),
        ("Psykisk helse", "Uten nærmere angivelse", 1),
    ]
    assert table.total.total == 4


def test_a_retired_theme_is_shown_where_it_was_in_use_or_counted(helpline, register, visits, retired_theme):
    register(themes=(retired_theme,), started_at=at(5))
    after = Period(date(2020, 6, 1), date(2020, 8, 1))

    shown, later = rows(helpline, "themes"), rows(helpline, "themes", after)

    assert shown["Oppfølging"].cells == (0, 0, 1, 0, 0, 0)
    assert shown["Oppfølging"].note == "i bruk til mai 2020"
    assert list(later) == ["Besøk"]
    # A year after, it stands there still, because it was counted the year before.
    assert rows(helpline, "themes", Period(date(2021, 5, 1), date(2021, 5, 1)))["Oppfølging"].before == 1


def test_persons(helpline, mixed):
    assert cells(helpline, "genders") == {"Kvinne": (1, 1, 0, 0, 0, 0), "Mann": (1, 0, 0, 0, 0, 0)}
    assert cells(helpline, "ages") == {
        "0–25 år": (1, 0, 0, 0, 0, 0),
        "26 år og eldre": (1, 0, 0, 0, 0, 0),
        "Ukjent": (0, 1, 0, 0, 0, 0),
    }
    assert cells(helpline, "languages") == {"Engelsk": (0, 1, 0, 0, 0, 0), "Norsk bokmål": (2, 0, 0, 0, 0, 0)}


def test_an_age_outside_every_band_is_unknown(helpline, register, grown):
    register(age=12)

    assert cells(helpline, "ages") == {"Ukjent": (1, 0, 0, 0, 0, 0)}


def test_duration_and_waiting(helpline, mixed):
    report = build_report(helpline, SPRING_2020)

    assert (report.duration.median, report.duration.ninth_decile) == (25, 70)
    assert cells(helpline, "durations") == {
        "16–30 minutter": (2, 0, 0, 0, 0, 0),
        "61–120 minutter": (0, 1, 0, 0, 0, 0),
    }
    assert (report.waiting.known, report.waiting.median) == (1, 9)
    assert cells(helpline, "waiting") == {"6–15 minutter": (0, 1, 0, 0, 0, 0), "Ikke oppgitt": (2, 0, 0, 0, 0, 0)}


def test_weekday_and_hour_in_the_helplines_time(helpline, mixed):
    week = rows(helpline, "week")

    # 10 March 2020 was a Tuesday: 13.15 and 21.15 in Oslo. 12 April was a Sunday: 14.15, in summer time.
    assert [hour for hour, count in enumerate(week["Tirsdag"].cells) if count] == [13, 21]
    assert [hour for hour, count in enumerate(week["Søndag"].cells) if count] == [14]


def test_referrals_and_own_questions(helpline, mixed):
    assert cells(helpline, "referrals") == {"Politiet": (1, 0, 0, 0, 0, 0)}
    assert cells(helpline, "question-relation") == {"Mor": (1, 0, 0, 0, 0, 0)}


def test_kinds_but_tests(helpline, mixed):
    assert cells(helpline, "kinds") == {"Reell": (2, 1, 0, 0, 0, 0), "Taus": (1, 0, 0, 0, 0, 0)}


def test_tallies_by_the_helplines_months(helpline):
    for hour_at in (at(2, 29, 22), at(2, 29, 23), at(8, 31, 21), at(8, 31, 22)):
        hour = hour_at.replace(minute=0)
        Tally.objects.create(helpline=helpline, hour_at=hour, opened=9, answered=4, gave_up=2, closed_door=1)

    # 1 March begins at 23 UTC, 1 September at 22 UTC.
    assert cells(helpline, "tallies") == {
        "Besvart": (4, 0, 0, 0, 0, 4),
        "Ga opp i køen": (2, 0, 0, 0, 0, 2),
        "Møtte stengt dør": (1, 0, 0, 0, 0, 1),
    }


def test_another_helplines_contacts_are_not_counted(helpline, other_helpline, enter, visits, other_theme):
    register_contact(None, helpline=other_helpline, entry=enter(themes=(other_theme,)), now=NOW)

    report = build_report(helpline, SPRING_2020)

    assert report.contacts.total == 0
    assert report.is_empty
    assert "Søvn i et annet hus" not in {row.label for row in report.table("themes").rows}


def test_names_follow_the_language(helpline, mixed):
    with translation.override("en"):
        assert "Visits" in rows(helpline, "themes")
        assert language_name("nb") == "Norwegian bokmål"


# Six for the code lists, nine for the ledger and the tallies, one for printed totals.
QUERIES = 16


def test_the_number_of_queries_is_constant(
    helpline, register, visits, crisis, relation, police, django_assert_num_queries
):
    register()
    with django_assert_num_queries(QUERIES):
        build_report(helpline, SPRING_2020)

    for month in (4, 5):
        register(
            started_at=at(month), themes=(visits, crisis), answers=(relation.choices.first(),), referrals=(police,)
        )
    Theme.objects.create(helpline=helpline, code="new", name={"nb": "Ny"})

    with django_assert_num_queries(QUERIES):
        build_report(helpline, SPRING_2020)
    with django_assert_num_queries(QUERIES):
        build_report(helpline, Period(date(2018, 1, 1), date(2020, 12, 1)))


@pytest.mark.django_db(transaction=True)
def test_every_count_is_read_from_an_index_alone(helpline, enter, visits, police, relation):
    answers = tuple(relation.choices.all())[:1]
    entries = [
        enter(started_at=at(month, day), duration_minutes=day, referrals=(police,), answers=answers)
        for month in range(1, 9)
        for day in range(1, 29)
        for _ in range(20)
    ]
    insert_contacts(entries, lists=load_code_lists(helpline))
    tend_tables()
    with CaptureQueriesContext(connection) as captured:
        build_report(helpline, Period(date(2020, 3, 1), date(2020, 3, 1)))

    plans = [plan_of(query["sql"]) for query in captured if 'FROM "stats_contact' in query["sql"]]

    covering = "COVERING INDEX" if connection.vendor == "sqlite" else "Index Only Scan"
    assert len(plans) == 7
    assert [plan for plan in plans if covering not in plan] == []


def tend_tables():
    """What the database does by itself in time: counts the rows, and notes which pages everybody may see."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            give_up_at = time.monotonic() + 60
            while vacuum_all(cursor) and time.monotonic() < give_up_at:
                pass
        cursor.execute("ANALYZE")


def vacuum_all(cursor):
    """How many pages are left out of it: some row's commit is not on disk yet, or somebody is reading there."""
    for command in ("CHECKPOINT", "VACUUM"):
        cursor.execute(command)
    cursor.execute("SELECT sum(relpages - relallvisible) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'stats%'")
    return cursor.fetchone()[0]


def plan_of(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"{'EXPLAIN' if connection.vendor == 'postgresql' else 'EXPLAIN QUERY PLAN'} {sql}")
        return "\n".join(str(row) for row in cursor.fetchall())
