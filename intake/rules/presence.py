"""Who is there: counsellors with the dashboard open, visitors with the page open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest, Now

from intake.models import Conversation, Helpline, StaffPresence

STAFF_GONE_SECONDS = 60


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


def mark_visitors_seen(conversation_ids: list[int], *, now: datetime) -> None:
    """Note that these visitors have the page open, in one statement a thousand.

    A web machine whose clock is behind throws nobody out of the queue: where the database is ahead, its clock counts.
    """
    seen_at = Greatest(Value(now, output_field=DateTimeField()), Now())
    for start in range(0, len(conversation_ids), 1000):
        part = Conversation.objects.filter(pk__in=conversation_ids[start : start + 1000])
        with transaction.atomic():
            _need_not_outlive_a_crash()
            # Those the writer holds just now are skipped: two that lock many rows must not wait for each other.
            free = part.exclude(state=Conversation.State.ENDED).select_for_update(skip_locked=True).order_by("pk")
            Conversation.objects.filter(pk__in=list(free.values_list("pk", flat=True))).update(visitor_seen_at=seen_at)


def _need_not_outlive_a_crash() -> None:
    """Of this transaction: who is there says so again, and messages wait for its locks until its commit is done."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
