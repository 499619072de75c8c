"""An outage ends nobody's wait, and a clock that is wrong does not pass for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline, ServiceClock
from intake.rules.abandonment import close_abandoned
from intake.rules.clock_guard import note_open
from intake.rules.presence import mark_visitors_seen
from tests.intake.rules.clocks import DAY, MINUTE, NOW, active, keep, open_many

pytestmark = pytest.mark.django_db


def serve(since: timedelta, until: timedelta) -> None:
    """Web processes note every half minute that they serve."""
    at = since
    while at <= until:
        note_open(now=NOW + at)
        at += timedelta(seconds=30)


def seen(conversations: Sequence[Conversation], at: timedelta) -> None:
    mark_visitors_seen([conversation.pk for conversation in conversations], now=NOW + at)


def test_waiting_visitors_have_their_ten_minutes_after_an_outage(helpline: Helpline) -> None:
    waiting = open_many(helpline, 2)
    serve(timedelta(0), MINUTE)
    seen(waiting, MINUTE)
    serve(timedelta(hours=2), timedelta(hours=2, minutes=11))
    back = timedelta(hours=2)

    assert close_abandoned(now=NOW + timedelta(hours=1)) == []
    assert close_abandoned(now=NOW + back + 9 * MINUTE) == []
    assert len(close_abandoned(now=NOW + back + 10 * MINUTE)) == 2


def test_one_who_came_back_after_the_outage_keeps_her_place(helpline: Helpline) -> None:
    back, away = open_many(helpline, 2)
    serve(timedelta(0), MINUTE)
    serve(timedelta(hours=2), timedelta(hours=2, minutes=11))
    seen([back], timedelta(hours=2, minutes=5))

    assert close_abandoned(now=NOW + timedelta(hours=2, minutes=11)) == [away]


def test_active_conversation_has_an_hour_after_a_long_outage(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 1)
    serve(timedelta(0), MINUTE)
    serve(timedelta(hours=8), timedelta(hours=9))

    assert close_abandoned(now=NOW + timedelta(hours=8, minutes=59)) == []
    assert len(close_abandoned(now=NOW + timedelta(hours=9))) == 1


def test_clock_that_was_ahead_does_not_keep_the_doors_new_for_ever(helpline: Helpline) -> None:
    note_open(now=NOW + DAY)
    note_open(now=NOW)
    serve(timedelta(0), 11 * MINUTE)

    assert ServiceClock.objects.get().open_since_at == NOW
    open_many(helpline, 1)
    assert len(close_abandoned(now=NOW + 11 * MINUTE)) == 1


def test_web_machines_three_minutes_apart_do_not_look_like_outages(helpline: Helpline) -> None:
    open_many(helpline, 1)
    for step in range(60):
        note_open(now=NOW + timedelta(seconds=15 * step) + (3 * MINUTE if step % 2 else timedelta(0)))

    assert len(close_abandoned(now=NOW + 15 * MINUTE)) == 1


def test_jump_that_looks_like_an_outage_is_still_a_jump(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 2)
    serve(timedelta(0), MINUTE)
    keep(MINUTE)
    note_open(now=NOW + DAY + MINUTE)

    assert keep(DAY + 2 * MINUTE, 2 * MINUTE).held_back == 2


def test_outage_is_noted_by_a_restart_of_the_web(helpline: Helpline) -> None:
    serve(timedelta(0), MINUTE)
    note_open(now=NOW + timedelta(hours=1))

    assert ServiceClock.objects.get().open_since_at == NOW + timedelta(hours=1)
