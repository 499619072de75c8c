from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from counsellor.demo import create_staff
from counsellor.demo_roster import create_roster
from counsellor.models import PatternRow, RosterDrawing, Shift
from counsellor.rules.roster import shifts_on_now
from counsellor.rules.roster_gaps import double_bookings, uncovered_hours
from intake.demo import create_helplines

pytestmark = pytest.mark.django_db


@pytest.fixture
def demonstration():
    now = timezone.now()
    helplines = create_helplines(now)
    staff = create_staff(helplines)
    create_roster(helplines, staff, now)
    return helplines, staff, now


def test_somebody_is_always_on_at_foreldresupport(demonstration):
    helplines, _staff, now = demonstration

    assert shifts_on_now([helplines["foreldresupport"]], now=now)
    assert uncovered_hours(helplines["foreldresupport"], start=now, end=now + dt.timedelta(days=30)) == []


def test_there_is_a_gap_and_a_clash_to_be_found(demonstration):
    helplines, _staff, now = demonstration
    ahead = {"start": now, "end": now + dt.timedelta(days=30)}

    assert uncovered_hours(helplines["ffp"], **ahead)
    assert double_bookings(helplines["ffp"], **ahead)


def test_nothing_was_drawn_up_in_the_future(demonstration):
    assert not RosterDrawing.objects.filter(drawn_at__gt=timezone.now()).exists()


def test_a_second_time_changes_nothing(demonstration):
    helplines, staff, now = demonstration
    before = (Shift.objects.count(), PatternRow.objects.count())

    create_roster(helplines, staff, now)

    assert (Shift.objects.count(), PatternRow.objects.count()) == before
