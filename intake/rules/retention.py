"""The end of text: destroy the key, then the rows (docs/privacy.md, "Purge")."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from intake.models import Conversation, Helpline, Message
from intake.sealing.key_store import destroy_keys
from intake.sealing.models import SealKey

State = Conversation.State

ORPHAN_HOURS = 1
"""A key whose conversation never came to be stored is swept away after this time."""
AHEAD_HOURS = 1
"""Clocks of a well-kept installation differ by far less."""


def purge_conversations(public_ids: Sequence[uuid.UUID]) -> int:
    """Destroy keys, then rows; how many conversations went. Safe to run twice, or on two machines at once."""
    destroy_keys(public_ids)
    with transaction.atomic():
        # In the order every other writer locks in, so that two machines cannot wait for each other.
        ids = list(
            Conversation.objects.select_for_update()
            .filter(public_id__in=public_ids)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        Message.objects.filter(conversation_id__in=ids).delete()
        deleted, _ = Conversation.objects.filter(pk__in=ids).delete()
    return len(ids) if deleted else 0


def due_for_purge(helpline: Helpline, *, now: datetime, limit: int = 500) -> list[uuid.UUID]:
    """Ended conversations whose life after the last activity is over, or whose visitor erased them; oldest first."""
    return list(_due(helpline, now=now).order_by("pk").values_list("public_id", flat=True)[:limit])


def count_due(*, now: datetime) -> int:
    """How many conversations of all helplines would be purged, those apart whose visitors erased them."""
    due = (_due(helpline, now=now) for helpline in Helpline.objects.all())
    return sum(rows.exclude(end_reason=Conversation.EndReason.ERASED).count() for rows in due)


def _due(helpline: Helpline, *, now: datetime) -> QuerySet[Conversation]:
    over = Q(last_activity_at__lte=now - timedelta(hours=helpline.retention_hours))
    erased = Q(end_reason=Conversation.EndReason.ERASED)
    return Conversation.objects.filter(over | erased, helpline=helpline, state=State.ENDED)


def purge_by_age(*, now: datetime) -> int:
    """Purge every helpline's conversations whose time is over; how many."""
    purged = 0
    for helpline in Helpline.objects.all():
        while due := due_for_purge(helpline, now=now):
            purged += purge_conversations(due)
    return purged


def correct_future_times(*, now: datetime) -> int:
    """Set to `now` what a clock that was ahead has left in the future; in how many conversations.

    Text would outlive its promised time by as much, and who has left would keep her place in the queue.
    """
    latest = now + timedelta(hours=AHEAD_HOURS)
    ahead = Q(last_activity_at__gt=latest) | Q(visitor_seen_at__gt=latest)
    with transaction.atomic():
        # In the order every other writer locks in.
        found = list(Conversation.objects.select_for_update().filter(ahead).order_by("pk").values_list("pk", flat=True))
        rows = Conversation.objects.filter(pk__in=found)
        rows.filter(last_activity_at__gt=latest).update(last_activity_at=now)
        rows.filter(visitor_seen_at__gt=latest).update(visitor_seen_at=now)
    return len(found)


def sweep_orphaned_keys(*, now: datetime, hours: int | None = ORPHAN_HOURS) -> int:
    """Destroy keys that no conversation belongs to; `hours` old ones, or with None of any age."""
    return destroy_keys(find_orphaned_keys(now=now, hours=hours))


def find_orphaned_keys(*, now: datetime, hours: int | None = ORPHAN_HOURS) -> list[uuid.UUID]:
    keys = SealKey.objects.all()
    if hours is not None:
        keys = keys.filter(created_at__lte=now - timedelta(hours=hours))
    subject_ids = list(keys.values_list("subject_id", flat=True))
    orphans: list[uuid.UUID] = []
    for start in range(0, len(subject_ids), 500):
        part = subject_ids[start : start + 500]
        alive = set(Conversation.objects.filter(public_id__in=part).values_list("public_id", flat=True))
        orphans += [subject_id for subject_id in part if subject_id not in alive]
    return orphans
