"""A restored past: what was purged since does not come back, and what goes on goes on."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline, PendingContact
from intake.rules.lifecycle import EndReason, claim_conversation, end_conversation
from intake.rules.openings import Opened
from intake.rules.restoration import NEW_EPOCHS, PENDING_WITHOUT_CONVERSATION, settle_restored
from intake.rules.rounds import keep_round
from intake.sealing.key_store import create_keys, destroy_keys
from intake.sealing.models import SealKey

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def test_conversation_that_was_purged_since_does_not_come_back(visitor: Opened, other_visitor: Opened) -> None:
    destroy_keys([visitor.conversation.public_id])

    settled = settle_restored(now=NOW)

    assert (settled.kept, settled.removed, settled.keys) == (1, 1, 0)
    assert list(Conversation.objects.all()) == [other_visitor.conversation]


def test_key_of_what_came_after_the_backup_is_destroyed(visitor: Opened) -> None:
    create_keys([uuid.uuid4()], now=NOW)

    assert settle_restored(now=NOW).keys == 1
    assert list(SealKey.objects.values_list("subject_id", flat=True)) == [visitor.conversation.public_id]


def test_first_round_after_a_restore_ends_nobodys_wait(visitor: Opened) -> None:
    Conversation.objects.update(visitor_seen_at=NOW - timedelta(hours=1), last_activity_at=NOW - timedelta(hours=1))
    settle_restored(now=NOW)

    keep_round(now=NOW + timedelta(minutes=1), uptime=None)

    assert Conversation.objects.get().state == Conversation.State.WAITING


def test_settling_twice_does_nothing_more(visitor: Opened, other_visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    destroy_keys([visitor.conversation.public_id])
    settle_restored(now=NOW)

    again = settle_restored(now=NOW)

    assert (again.kept, again.removed, again.keys) == (1, 0, 0)
    assert PendingContact.objects.count() == 1


def test_answered_conversation_without_a_key_is_still_registered(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    Conversation.objects.update(last_activity_at=NOW + timedelta(minutes=12))
    destroy_keys([visitor.conversation.public_id])

    settle_restored(now=NOW + timedelta(days=1))

    pending = PendingContact.objects.get()
    assert (pending.conversation, pending.counsellor, pending.duration_minutes) == (None, counsellor, 12)


def test_conversation_that_had_ended_leaves_its_contact_once(visitor: Opened, counsellor: Counsellor) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=NOW)
    destroy_keys([visitor.conversation.public_id])

    settle_restored(now=NOW)

    assert PendingContact.objects.count() == 1


def test_lost_key_store_costs_the_open_conversations_and_nothing_else(
    helpline: Helpline, visitor: Opened, other_visitor: Opened, counsellor: Counsellor
) -> None:
    SealKey.objects.all().delete()

    settled = settle_restored(now=NOW)

    assert (settled.kept, settled.removed) == (0, 2)
    assert Helpline.objects.count() == 1
    assert Counsellor.objects.count() == 1


def test_every_conversation_has_another_epoch(visitor: Opened, other_visitor: Opened) -> None:
    before = dict(Conversation.objects.values_list("pk", "epoch"))
    with connection.cursor() as cursor:
        cursor.execute(NEW_EPOCHS[connection.vendor])

    after = dict(Conversation.objects.values_list("pk", "epoch"))

    assert all(0 <= after[pk] < 2**31 and after[pk] != before[pk] for pk in before)
    assert len(set(after.values())) == 2


def test_contact_of_a_conversation_that_is_left_out_stays_to_be_registered(
    visitor: Opened, counsellor: Counsellor
) -> None:
    claim_conversation(visitor.conversation, counsellor=counsellor, now=NOW)
    end_conversation(visitor.conversation, reason=EndReason.COUNSELLOR, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(PENDING_WITHOUT_CONVERSATION)

    assert PendingContact.objects.get().conversation == visitor.conversation
