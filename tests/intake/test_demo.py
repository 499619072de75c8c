from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest

from intake.demo import create_helplines
from intake.models import Helpline
from intake.rules.hours import opening_state

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2025, 6, 10, 12, tzinfo=dt.UTC)


def oslo(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))


@pytest.fixture
def helplines():
    return create_helplines(NOW)


def test_every_row_is_valid(helplines):
    for helpline in helplines.values():
        helpline.full_clean()
        children = [
            helpline.opening_hours,
            helpline.exception_dates,
            helpline.emergency_contacts,
            helpline.intro_questions,
        ]
        for rows in children:
            for row in rows.all():
                row.full_clean()


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        ("2018-12-04 12:30", "16:00"),
        ("2018-12-05 12:30", None),
        ("2019-03-06 12:30", "16:00"),
        ("2019-03-06 10:00", None),
        ("2019-09-05 10:00", "20:00"),
        ("2019-09-06 10:00", None),
        ("2020-09-04 10:00", "16:00"),
        ("2025-06-12 19:59", "20:00"),
        ("2025-05-29 10:00", None),
    ],
)
def test_ffp_is_open_as_its_report_says(helplines, moment, closes):
    state = opening_state(helplines["ffp"], now=oslo(moment))

    assert state.closes_at == (oslo(f"{moment[:10]} {closes}") if closes else None)
    assert state.open is bool(closes)


def test_foreldresupport_never_closes(helplines):
    state = opening_state(helplines["foreldresupport"], now=oslo("2025-12-25 04:00"))

    assert (state.open, state.closes_at) == (True, None)


def test_every_text_is_in_three_languages(helplines):
    for helpline in helplines.values():
        owned = [helpline.name, helpline.tagline, helpline.about, helpline.welcome, helpline.closed_text]
        labels = [row.label for rows in (helpline.emergency_contacts, helpline.intro_questions) for row in rows.all()]
        for texts in owned + labels:
            assert texts.keys() == {"nb", "nn", "en"}
            assert all(texts.values())


def test_a_second_time_changes_nothing(helplines):
    Helpline.objects.filter(slug="ffp").update(queue_cap=7)

    again = create_helplines(NOW)

    assert again["ffp"].queue_cap == 7
    assert again["ffp"].opening_hours.count() == 13
    assert again["foreldresupport"].emergency_contacts.count() == 5
