"""A clock that was ahead leaves no text beyond its life and no ghost in the queue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline
from intake.rules.abandonment import WAITING_AWAY_MINUTES
from intake.rules.retention import AHEAD_HOURS
from intake.rules.rounds import keep_round
from tests.intake.rules.clocks import DAY, MINUTE, NOW, active, ended, keep, open_many, states, up

pytestmark = pytest.mark.django_db

FAR = NOW + 30 * DAY


def test_text_of_a_clock_that_was_ahead_goes_when_its_time_is_over(helpline: Helpline) -> None:
    ended(helpline, 1, now=FAR)
    keep(timedelta(0))
    life = timedelta(hours=helpline.retention_hours)

    before, after = keep(life - MINUTE), keep(life)

    assert (before.purged, after.purged) == (0, 1)


def test_ghost_of_a_clock_that_was_ahead_leaves_the_queue(helpline: Helpline) -> None:
    open_many(helpline, 1, now=FAR)
    keep(timedelta(0))
    away = timedelta(minutes=WAITING_AWAY_MINUTES)

    before, after = keep(away - MINUTE), keep(away)

    assert (len(before.abandoned), len(after.abandoned)) == (0, 1)


def test_times_that_are_ahead_by_less_than_an_hour_stay(helpline: Helpline, counsellor: Counsellor) -> None:
    slightly = NOW + timedelta(hours=AHEAD_HOURS)
    open_many(helpline, 1, now=slightly)
    (right,) = active(helpline, counsellor, 1)

    keep(timedelta(0))

    times = set(Conversation.objects.values_list("last_activity_at", "visitor_seen_at"))
    assert times == {(slightly, slightly), (right.last_activity_at, right.visitor_seen_at)}


def test_only_the_time_that_is_in_the_future_is_put_back(helpline: Helpline) -> None:
    open_many(helpline, 1)
    earlier = NOW - MINUTE
    Conversation.objects.update(last_activity_at=earlier, visitor_seen_at=FAR)

    keep(timedelta(0))

    assert Conversation.objects.values_list("last_activity_at", "visitor_seen_at").get() == (earlier, NOW)


def test_round_whose_clock_is_behind_the_database_puts_nothing_back(helpline: Helpline) -> None:
    open_many(helpline, 1)

    keep_round(now=NOW - DAY, uptime=up(timedelta(0)), database=NOW)

    assert Conversation.objects.get().last_activity_at == NOW


def test_round_that_refuses_puts_nothing_back(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    open_many(helpline, 1, now=FAR)
    keep(timedelta(0), confirmed=9)
    Conversation.objects.filter(state="waiting").update(last_activity_at=FAR)

    refused = keep(DAY + MINUTE, MINUTE)

    assert refused.held_back
    assert Conversation.objects.get(state="waiting").last_activity_at == FAR
    assert states() == ["active"] * 4 + ["waiting"]
