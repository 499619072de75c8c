"""Conversations that were left: a waiting visitor who went away, an active one that fell silent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q

from intake.models import Conversation
from intake.rules.clock_guard import been_open_for
from intake.rules.lifecycle import EndReason, State, end_conversation

WAITING_AWAY_MINUTES = 10
"""A phone may sleep, a tunnel may be long: a place in the queue is kept this long without a connection."""
NEVER_CAME_MINUTES = 3
"""Opened, and then nobody connected: a place that was taken to fill the queue, or a page that was closed at once."""
ACTIVE_SILENT_HOURS = 6
"""One chat can last several hours; nobody writing and nobody there for this long is an end."""
ACTIVE_BACK_MINUTES = 60
"""After an outage both have this long to find back to a conversation that has been silent meanwhile."""


def close_abandoned(*, now: datetime) -> list[Conversation]:
    """End what was left, and return it so that the caller can wake who looks at it."""
    left = left_behind(now=now)
    # Asked again under the lock: she may have come back, or been answered, a moment ago.
    return [
        c
        for c in Conversation.objects.filter(left).order_by("pk")
        if end_conversation(c, reason=EndReason.ABANDONED, now=now, only_if=left)
    ]


def count_abandoned(*, now: datetime, forgive_outage: bool = True) -> int:
    """How many would be ended, or without forgiveness would be once the service has been back for long enough."""
    return Conversation.objects.filter(left_behind(now=now, forgive_outage=forgive_outage)).count()


def left_behind(*, now: datetime, forgive_outage: bool = True) -> Q:
    """Which conversations were left. Nobody was who could not come back: an outage does not count."""
    open_for = been_open_for(now=now) if forgive_outage else None
    away = Q(state=State.WAITING, visitor_seen_at__lte=now - timedelta(minutes=WAITING_AWAY_MINUTES))
    never_came = Q(
        state=State.WAITING,
        visitor_seen_at=F("created_at"),
        created_at__lte=now - timedelta(minutes=NEVER_CAME_MINUTES),
    )
    silent = Q(state=State.ACTIVE, last_activity_at__lte=now - timedelta(hours=ACTIVE_SILENT_HOURS))
    found = Q(pk__in=[])
    if open_for is None or open_for >= timedelta(minutes=WAITING_AWAY_MINUTES):
        found |= away | never_came
    if open_for is None or open_for >= timedelta(minutes=ACTIVE_BACK_MINUTES):
        found |= silent
    return found
