"""Who is there: counsellors with the dashboard open, visitors with the page open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils import timezone

from intake.models import Conversation, Helpline, StaffPresence
from intake.rules.binary_cursor import binary_cursor

STAFF_GONE_SECONDS = 60
MARKED_TOGETHER = 500


def mark_staff_present(user_id: int, helpline_ids: Iterable[int], *, now: datetime) -> None:
    """Note that the dashboard is open. Keeps her own switch as it was. Wakes the queue when she was away."""
    StaffPresence.objects.bulk_create(
        [StaffPresence(helpline_id=helpline_id, user_id=user_id, seen_at=now) for helpline_id in sorted(helpline_ids)],
        update_conflicts=True,
        unique_fields=["helpline", "user"],
        update_fields=["seen_at"],
    )


def mark_staff_gone(user_id: int, *, last_marked_at: datetime, now: datetime) -> None:
    """The dashboard was closed: she is not on duty from now on, and keeps her own switch as it was.

    `last_marked_at` is when this process last noted her: another process that has noted her since keeps her there.
    """
    gone_at = now - timedelta(seconds=STAFF_GONE_SECONDS + 1)
    StaffPresence.objects.filter(user_id=user_id, seen_at__lte=last_marked_at).update(seen_at=gone_at)


def set_available(user: AbstractBaseUser, helpline: Helpline, *, available: bool, now: datetime) -> None:
    """Her own switch for new conversations. Wakes the queue."""
    StaffPresence.objects.update_or_create(
        helpline=helpline, user_id=user.pk, defaults={"available": available, "seen_at": now}
    )


def available_staff(helpline_ids: Iterable[int], *, now: datetime) -> dict[int, int]:
    """How many counsellors take new conversations, by helpline. Those with none are left out."""
    there = StaffPresence.objects.filter(
        helpline_id__in=list(helpline_ids),
        available=True,
        # One who was seen in the future was seen by a clock that was ahead.
        seen_at__range=(now - timedelta(seconds=STAFF_GONE_SECONDS), now + timedelta(seconds=STAFF_GONE_SECONDS)),
    )
    found: dict[int, int] = {}
    for helpline_id in there.values_list("helpline_id", flat=True):
        found[helpline_id] = found.get(helpline_id, 0) + 1
    return found


# Who is there says so again: this need not outlive a crash, and messages wait for its locks until it is committed.
# Those the writer holds just now are skipped: two that lock many rows must not wait for each other.
MARK = """
UPDATE intake_conversation SET visitor_seen_at = greatest(%b, now()) WHERE id IN (
    SELECT id FROM intake_conversation WHERE id = ANY(%b::bigint[]) AND state <> 'ended'
    ORDER BY id FOR UPDATE SKIP LOCKED
)
"""


def mark_visitors_seen(conversation_ids: list[int], *, now: datetime) -> None:
    """Note that these visitors have the page open, some hundreds at a time: messages wait for the locks of each part.

    A web machine whose clock is behind throws nobody out of the queue: where the database is ahead, its clock counts.
    """
    for start in range(0, len(conversation_ids), MARKED_TOGETHER):
        _mark_part(conversation_ids[start : start + MARKED_TOGETHER], now=now)


def _mark_part(conversation_ids: list[int], *, now: datetime) -> None:
    if connection.vendor != "postgresql":
        here = Conversation.objects.filter(pk__in=conversation_ids).exclude(state=Conversation.State.ENDED)
        here.update(visitor_seen_at=max(now, timezone.now()))
        return
    with transaction.atomic(), binary_cursor() as cursor, cursor.connection.pipeline():
        cursor.execute("SET LOCAL synchronous_commit TO off", prepare=True)
        cursor.execute(MARK, (now, conversation_ids), prepare=True)
