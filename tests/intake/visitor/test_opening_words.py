from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from intake.models import ExceptionDate, Helpline, OpeningHours
from intake.rules.hours import OpeningState
from intake.visitor.opening_words import say_moment, say_state, week_lines

OSLO = ZoneInfo("Europe/Oslo")
SUNDAY_NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def state(*, closes_in: timedelta | None = None, opens_in: timedelta | None = None, soft: bool = False) -> OpeningState:
    return OpeningState(
        open=closes_in is not None,
        closes_at=SUNDAY_NOON + closes_in if closes_in else None,
        opens_at=SUNDAY_NOON + opens_in if opens_in else None,
        soft_closed=soft,
    )


@pytest.mark.parametrize(
    ("ahead", "nb", "en"),
    [
        (timedelta(hours=8), "kl. 20:00", "at 20:00"),
        (timedelta(hours=13), "i morgen kl. 01:00", "tomorrow at 01:00"),
        (timedelta(days=2), "tirsdag kl. 12:00", "Tuesday at 12:00"),
        (timedelta(days=6, hours=11), "lørdag kl. 23:00", "Saturday at 23:00"),
        (timedelta(days=7), "29. november kl. 12:00", "29 November at 12:00"),
    ],
)
def test_a_moment_is_said_as_one_would_say_it(ahead: timedelta, nb: str, en: str) -> None:
    with translation.override("nb"):
        assert say_moment(SUNDAY_NOON + ahead, now=SUNDAY_NOON, zone=OSLO) == nb
    with translation.override("en"):
        assert say_moment(SUNDAY_NOON + ahead, now=SUNDAY_NOON, zone=OSLO) == en


def test_the_day_is_the_helpline_s_own_and_not_greenwich_s() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    with translation.override("nb"):
        assert say_moment(late + timedelta(hours=8), now=late, zone=OSLO) == "kl. 08:30"


@pytest.mark.parametrize(
    ("given", "nb", "en"),
    [
        (state(closes_in=timedelta(hours=4)), "Åpent nå, til kl. 16:00.", "Open now, until 16:00."),
        (
            state(closes_in=timedelta(hours=14)),
            "Åpent nå, til i morgen kl. 02:00.",
            "Open now, until tomorrow at 02:00.",
        ),
        (OpeningState(True, None, None, False), "Åpent nå, hele døgnet.", "Open now, day and night."),
        (
            state(opens_in=timedelta(hours=21)),
            "Stengt nå. Vi åpner i morgen kl. 09:00.",
            "Closed now. We open tomorrow at 09:00.",
        ),
        (state(), "Stengt.", "Closed."),
        (
            state(soft=True),
            "Vi tar ikke imot flere akkurat nå.",
            "We take no more new conversations right now.",
        ),
        (
            state(opens_in=timedelta(hours=21), soft=True),
            "Vi tar ikke imot flere akkurat nå. Vi åpner igjen i morgen kl. 09:00.",
            "We take no more new conversations right now. We open again tomorrow at 09:00.",
        ),
    ],
)
def test_the_door_says_its_state(given: OpeningState, nb: str, en: str) -> None:
    helpline = Helpline(slug="ffp")

    with translation.override("nb"):
        assert say_state(given, helpline, now=SUNDAY_NOON).replace("\u00a0", " ") == nb
    with translation.override("en"):
        assert say_state(given, helpline, now=SUNDAY_NOON) == en


@pytest.mark.django_db
def test_a_week_begins_today_and_tells_of_exceptions(helpline: Helpline) -> None:
    OpeningHours.objects.filter(helpline=helpline).delete()
    OpeningHours.objects.create(helpline=helpline, weekday=0, opens="09:00", closes="12:00")
    OpeningHours.objects.create(helpline=helpline, weekday=0, opens="18:00", closes="20:00")
    ExceptionDate.objects.create(helpline=helpline, on="2026-11-24", opens="10:00", closes="11:00", reason="Kurs")

    with translation.override("nb"):
        lines = week_lines(helpline, now=SUNDAY_NOON)

    assert [(line.day, line.times, line.reason, line.is_today) for line in lines[:4]] == [
        ("søndag", "stengt", "", True),
        ("mandag", "09:00–12:00, 18:00–20:00", "", False),
        ("tirsdag", "10:00–11:00", "Kurs", False),
        ("onsdag", "stengt", "", False),
    ]
    assert len(lines) == 7


@pytest.mark.django_db
def test_a_helpline_that_never_closes_needs_one_line(helpline: Helpline) -> None:
    with translation.override("nb"):
        lines = week_lines(helpline, now=SUNDAY_NOON)

    assert [(line.day, line.times) for line in lines] == [("alle dager", "hele døgnet")]
