from __future__ import annotations

import io
import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.utils import timezone

from chatline.management.commands.housekeeping import keep_house
from counsellor.models import Counsellor
from intake.models import Conversation, Helpline, Message, PendingContact, Tally
from intake.rules.abandonment import (
    ACTIVE_SILENT_HOURS,
    NEVER_CAME_MINUTES,
    WAITING_AWAY_MINUTES,
    close_abandoned,
)
from intake.rules.lifecycle import EndReason, claim_conversation, end_conversation
from intake.rules.messages import Posting, read_messages, store_messages
from intake.rules.openings import Opened, open_conversation
from intake.rules.retention import ORPHAN_HOURS, purge_by_age, sweep_orphaned_keys
from intake.rules.rounds import Round
from intake.sealing.key_store import cache, create_keys
from intake.sealing.models import Salt, SealKey
from intake.sealing.salt import salt_of
from tests.intake.rules.test_lifecycle import run_together

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def write(visitor: Opened, body: str) -> None:
    posting = Posting(visitor.conversation.pk, Message.Role.VISITOR, None, uuid.uuid4(), body)
    store_messages([posting], now=NOW)


def test_ended_conversation_is_purged_when_its_time_is_over(visitor: Opened, other_visitor: Opened) -> None:
    write(visitor, "noe")
    end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=NOW)

    early = purge_by_age(now=NOW + timedelta(hours=71))
    due = purge_by_age(now=NOW + timedelta(hours=72))

    assert (early, due) == (0, 1)
    assert not Message.objects.exists()
    assert list(Conversation.objects.all()) == [other_visitor.conversation]
    assert list(SealKey.objects.values_list("subject_id", flat=True)) == [other_visitor.conversation.public_id]


def test_helpline_that_keeps_nothing_purges_at_the_end(helpline: Helpline, visitor: Opened) -> None:
    helpline.retention_hours = 0
    helpline.save()
    end_conversation(visitor.conversation, reason=EndReason.VISITOR, now=NOW)

    assert purge_by_age(now=NOW) == 1


def test_open_conversation_is_never_purged_by_age(visitor: Opened) -> None:
    assert purge_by_age(now=NOW + timedelta(days=30)) == 0


def test_rows_without_their_key_cannot_be_read(visitor: Opened) -> None:
    """What a restored backup would hold: the rows, and no key."""
    write(visitor, "dette skal ikke kunne leses igjen")
    SealKey.objects.all().delete()
    cache.clear()

    assert read_messages({visitor.conversation.pk: 0}) == {}


def test_purge_leaves_what_is_to_be_registered(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=NOW)

    purge_by_age(now=NOW + timedelta(days=4))

    assert PendingContact.objects.get().conversation is None


def test_waiting_visitor_who_left_gives_up_her_place(visitor: Opened, other_visitor: Opened) -> None:
    Conversation.objects.update(visitor_seen_at=visitor.conversation.created_at + timedelta(seconds=30))
    visitor.conversation.refresh_from_db()
    later = visitor.conversation.visitor_seen_at + timedelta(minutes=WAITING_AWAY_MINUTES)
    Conversation.objects.filter(pk=other_visitor.conversation.pk).update(visitor_seen_at=later)

    assert close_abandoned(now=later) == [visitor.conversation]
    assert close_abandoned(now=later) == []


def test_place_of_one_who_never_connected_is_freed_soon(visitor: Opened, other_visitor: Opened) -> None:
    soon = visitor.conversation.created_at + timedelta(minutes=NEVER_CAME_MINUTES)
    Conversation.objects.filter(pk=other_visitor.conversation.pk).update(visitor_seen_at=NOW + timedelta(seconds=1))

    assert close_abandoned(now=soon) == [visitor.conversation]


def test_active_conversation_lasts_for_hours_and_ends_when_silent(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)

    assert close_abandoned(now=NOW + timedelta(hours=ACTIVE_SILENT_HOURS, minutes=-1)) == []
    assert close_abandoned(now=NOW + timedelta(hours=ACTIVE_SILENT_HOURS)) == [visitor.conversation]


def test_erasure_that_was_cut_short_is_finished_by_housekeeping(visitor: Opened) -> None:
    write(visitor, "slett meg")
    end_conversation(visitor.conversation, reason=EndReason.ERASED, now=NOW)

    assert purge_by_age(now=NOW) == 1
    assert not SealKey.objects.exists()


def test_visitor_who_came_back_in_time_is_not_ended(visitor: Opened) -> None:
    later = visitor.conversation.visitor_seen_at + timedelta(minutes=WAITING_AWAY_MINUTES)
    gone = Q(state="waiting", visitor_seen_at__lte=later - timedelta(minutes=WAITING_AWAY_MINUTES))
    Conversation.objects.update(visitor_seen_at=later)

    assert not end_conversation(visitor.conversation, reason=EndReason.ABANDONED, now=later, only_if=gone)


def test_stray_key_is_swept_and_a_used_one_is_not(visitor: Opened) -> None:
    stray = uuid.uuid4()
    create_keys([stray], now=NOW)

    sweep_orphaned_keys(now=NOW + timedelta(hours=ORPHAN_HOURS, minutes=1))

    assert list(SealKey.objects.values_list("subject_id", flat=True)) == [visitor.conversation.public_id]


def test_housekeeping_runs_twice_and_destroys_yesterdays_salt(visitor: Opened) -> None:
    today = NOW.date()
    salt_of(today - timedelta(days=1))
    salt_of(today)

    call_command("housekeeping", stdout=io.StringIO())
    call_command("housekeeping", stdout=io.StringIO())

    assert list(Salt.objects.values_list("day_on", flat=True)) == [today]


def test_housekeeping_without_a_pause_is_refused() -> None:
    with pytest.raises(CommandError, match="1 or more"):
        call_command("housekeeping", every=0)


@pytest.mark.django_db(transaction=True)
def test_housekeeping_on_several_machines_at_once_does_each_thing_once(
    helpline: Helpline, counsellor: Counsellor
) -> None:
    answered, left, over = (open_conversation(helpline, language="nb", intro={}, now=NOW) for _ in range(3))
    claim_conversation(answered.conversation, counsellor=counsellor, now=NOW)
    long_ago = NOW - timedelta(days=4)
    Conversation.objects.filter(pk__in=[answered.conversation.pk, left.conversation.pk]).update(
        last_activity_at=long_ago, visitor_seen_at=long_ago
    )
    end_conversation(over.conversation, reason=EndReason.VISITOR, now=long_ago)

    results = run_together([keep_house] * 4)

    assert all(isinstance(result, Round) for result in results), results
    assert PendingContact.objects.count() == 1
    assert sum(Tally.objects.values_list("gave_up", flat=True)) == 2
    assert not Conversation.objects.filter(pk=over.conversation.pk).exists()
    assert not SealKey.objects.filter(subject_id=over.conversation.public_id).exists()
