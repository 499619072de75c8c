"""A clock that lies by a day removes nothing early, and nothing stays for ever."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from counsellor.models import Counsellor
from intake.models import Helpline
from intake.rules.clock_guard import (
    FEW_CONVERSATIONS,
    UNSEEN_MINUTES,
    count_held_back,
    last_round_at,
    read_clocks,
)
from intake.rules.lifecycle import EndReason, end_conversation
from intake.rules.rounds import keep_round
from intake.sealing.key_store import create_keys
from intake.sealing.models import Salt, SealKey
from intake.sealing.salt import salt_of
from tests.intake.rules.clocks import DAY, MINUTE, NOW, active, ended, keep, open_many, states, up

pytestmark = pytest.mark.django_db


def test_clock_a_day_ahead_ends_no_conversation(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    keep(timedelta(0))

    done = keep(DAY + MINUTE, MINUTE)

    assert states() == ["active"] * 4
    assert (done.abandoned, done.held_back, count_held_back()) == ([], 4, 4)


def test_clock_a_day_ahead_purges_no_text(helpline: Helpline) -> None:
    helpline.retention_hours = 12
    helpline.save()
    ended(helpline, 2)
    keep(timedelta(0))

    assert keep(DAY + MINUTE, MINUTE).held_back == 2
    assert len(states()) == 2


def test_what_is_really_due_goes_though_the_clock_is_ahead(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    ended(helpline, 1, now=NOW - timedelta(hours=72))
    keep(timedelta(minutes=-1))

    done = keep(DAY + MINUTE, MINUTE)

    assert (done.purged, done.held_back) == (1, 4)


def test_refusal_is_over_when_the_clock_is_right_again(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    keep(timedelta(0))
    keep(DAY + MINUTE, MINUTE)

    done = keep(2 * MINUTE)

    assert (done.held_back, count_held_back(), states()) == (0, 0, ["active"] * 4)


def test_refusal_is_said_once(helpline: Helpline, counsellor: Counsellor, caplog: pytest.LogCaptureFixture) -> None:
    active(helpline, counsellor, 4)
    keep(timedelta(0))

    for minute in range(1, 4):
        keep(DAY + minute * MINUTE, minute * MINUTE)

    assert len([record for record in caplog.records if "refuses to remove" in record.message]) == 1


def test_administrator_who_says_that_the_clock_is_right_is_believed(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    keep(timedelta(0))

    too_few = keep(DAY + MINUTE, MINUTE, confirmed=3)
    enough = keep(DAY + MINUTE, MINUTE, confirmed=4)
    after = keep(DAY + 2 * MINUTE, 2 * MINUTE)

    assert (too_few.held_back, len(enough.abandoned), enough.held_back) == (4, 4, 0)
    assert after.held_back == 0


def test_jump_that_would_remove_less_than_half_is_followed(helpline: Helpline, counsellor: Counsellor) -> None:
    helpline.retention_hours = 12
    helpline.save()
    ended(helpline, 1)
    keep(timedelta(0))
    ended(helpline, 2, now=NOW + DAY)

    assert keep(DAY + MINUTE, MINUTE).purged == 1


def test_clock_a_day_behind_removes_nothing_and_is_caught_up(helpline: Helpline) -> None:
    ended(helpline, 3, now=NOW - timedelta(hours=72))
    open_many(helpline, 1)

    behind = keep(-DAY)
    right = keep(MINUTE, MINUTE - DAY, machine="another start")

    assert (behind.purged, right.purged) == (0, 3)


def test_database_with_another_clock_is_believed(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 1)

    assert keep_round(now=NOW + DAY, uptime=None, database=NOW).held_back == 1
    assert states() == ["active"]


def test_three_forgotten_conversations_of_a_quiet_night_go(helpline: Helpline) -> None:
    ended(helpline, FEW_CONVERSATIONS)
    keep(timedelta(0))

    done = keep(timedelta(hours=73))

    assert (done.purged, done.held_back) == (FEW_CONVERSATIONS, 0)


def test_all_that_became_due_while_the_clock_ran_evenly_goes(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))

    assert keep(timedelta(hours=73)).purged == 10


def test_first_round_after_a_restart_asks_before_it_removes_most(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))

    done = keep(timedelta(hours=73), machine="another start")

    assert (done.purged, done.held_back) == (0, 10)


def test_refusal_after_a_restart_ends_by_itself_after_a_day(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))
    restarted = timedelta(hours=73)
    keep(restarted, machine="another start")

    waiting = keep(restarted + timedelta(hours=23), machine="another start")
    over = keep(restarted + timedelta(hours=24), machine="another start")

    assert (waiting.purged, waiting.held_back) == (0, 10)
    assert (over.purged, over.held_back, count_held_back()) == (10, 0, 0)


def test_refusal_of_the_very_first_round_ends_by_itself_after_a_day(helpline: Helpline) -> None:
    ended(helpline, 10, now=NOW - timedelta(hours=100))
    keep(timedelta(0))

    assert keep(timedelta(hours=23)).held_back == 10
    assert keep(timedelta(hours=24)).purged == 10


def test_refusal_of_two_machines_that_take_turns_ends_after_a_day_too(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))
    restarted, hour = timedelta(hours=73), timedelta(hours=1)

    refused = [keep(restarted + hour * n, machine=f"machine {n % 2}") for n in range(24)]
    over = keep(restarted + hour * 24, machine="machine 0")

    assert [(done.purged, done.held_back) for done in refused] == [(0, 10)] * 24
    assert over.purged == 10


def test_machine_that_waited_and_has_gone_is_waited_for_by_another(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))
    restarted = timedelta(hours=73)
    keep(restarted, machine="gone")
    later = restarted + timedelta(hours=3)
    keep(later, machine="other")

    assert keep(later + timedelta(hours=23), machine="other").held_back == 10
    assert keep(later + timedelta(hours=24), machine="other").purged == 10


def test_clock_that_stays_ahead_for_a_day_is_followed(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))

    assert keep(DAY * 4, timedelta(hours=23)).held_back == 10
    assert keep(DAY * 4 + timedelta(hours=1), timedelta(hours=24)).purged == 10


def test_database_with_another_clock_is_believed_for_longer_than_a_day(helpline: Helpline) -> None:
    ended(helpline, 10)
    keep(timedelta(0))

    done = keep_round(now=NOW + DAY * 5, uptime=up(DAY * 2), database=NOW + DAY * 2)

    assert (done.purged, done.held_back) == (0, 10)


def test_first_round_after_a_short_restart_goes_on(helpline: Helpline) -> None:
    ended(helpline, 10, now=NOW - timedelta(hours=72))
    keep(-MINUTE)

    assert keep(timedelta(minutes=UNSEEN_MINUTES - 5), machine="another start").purged == 10


def test_very_first_round_asks_before_it_removes_most(helpline: Helpline) -> None:
    ended(helpline, 10, now=NOW - timedelta(hours=100))

    assert keep(timedelta(0)).held_back == 10


def test_erased_conversation_goes_whatever_the_clock_says(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    (erased,) = open_many(helpline, 1)
    end_conversation(erased, reason=EndReason.ERASED, now=NOW)

    done = keep(DAY, timedelta(0))

    assert done.purged == 1


def test_age_of_the_last_round_is_told(helpline: Helpline) -> None:
    keep(timedelta(0))
    keep(MINUTE)

    assert last_round_at() == NOW + MINUTE


# -- salts ---------------------------------------------------------------------------------------------------


def test_salt_of_today_outlives_a_clock_that_is_ahead(helpline: Helpline, counsellor: Counsellor) -> None:
    active(helpline, counsellor, 4)
    salt = salt_of(NOW.date())
    keep(timedelta(0))

    keep(DAY + MINUTE, MINUTE)

    assert salt_of(NOW.date()) == salt


def test_salt_of_tomorrow_made_by_a_wrong_clock_is_destroyed(helpline: Helpline) -> None:
    salt_of(NOW.date() + 2 * DAY)

    keep(timedelta(0))

    assert not Salt.objects.exists()


def test_clocks_that_agree_are_steady(helpline: Helpline) -> None:
    keep(timedelta(0))

    assert read_clocks(now=NOW + MINUTE, uptime=up(MINUTE)).steady
    assert read_clocks(now=NOW + 4 * MINUTE, uptime=up(MINUTE)).steady
    assert not read_clocks(now=NOW + 10 * MINUTE, uptime=up(MINUTE)).steady
    assert read_clocks(now=NOW - DAY, uptime=up(MINUTE)).steady


def test_keys_outlive_a_database_that_was_lost(helpline: Helpline) -> None:
    """A new database has no conversation and has seen no round: it is to be restored, and needs them then."""
    hours_ago = NOW - timedelta(hours=2)
    create_keys([uuid.uuid4() for _ in range(FEW_CONVERSATIONS + 1)], now=hours_ago)

    first = keep_round(now=NOW, uptime=up(DAY))
    second = keep_round(now=NOW + timedelta(minutes=1), uptime=up(DAY + timedelta(minutes=1)))

    assert first.held_back == second.held_back == SealKey.objects.count() == FEW_CONVERSATIONS + 1
    assert keep_round(now=NOW + timedelta(minutes=2), uptime=up(DAY), confirmed=FEW_CONVERSATIONS + 1).held_back == 0
    assert not SealKey.objects.exists()


def test_few_stray_keys_are_swept_in_any_database(helpline: Helpline) -> None:
    create_keys([uuid.uuid4()], now=NOW - timedelta(hours=2))

    assert keep_round(now=NOW, uptime=up(DAY)).held_back == 0
    assert not SealKey.objects.exists()
