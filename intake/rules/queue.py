"""The queue of a helpline: waiting conversations in the order of arrival. An honest place, an honest estimate."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from django.db import connection
from django.db.models import QuerySet

from intake.models import Conversation, Helpline
from intake.rules.binary_cursor import binary_cursor
from intake.rules.hours import opening_state
from intake.rules.presence import available_staff

State = Conversation.State

CLOSING_SOON_MINUTES = 30
ESTIMATE_HOURS = 6
ESTIMATE_CLAIMS = 10
ESTIMATE_FEWEST_CLAIMS = 4
CROWD = 5
"""Whoever has not come in is told of whole fives alone: in a home of two, one more in the queue is her
(docs/privacy.md, "What this protects against")."""

WAITING = """
SELECT helpline_id, array_agg(id ORDER BY id) FROM intake_conversation
WHERE helpline_id = ANY(%b::bigint[]) AND state = 'waiting' GROUP BY helpline_id
"""


@dataclass(frozen=True)
class QueueView:
    """What waiting visitors of one helpline are told. `places` counts from 1, by conversation."""

    places: dict[int, int]
    minutes_per_place: float | None
    notices: tuple[str, ...]

    def estimate(self, place: int) -> int | None:
        """Minutes, or None when too little is known to be honest."""
        return None if self.minutes_per_place is None else max(1, round(self.minutes_per_place * place))


def waiting_conversations(helplines: Iterable[Helpline]) -> QuerySet[Conversation]:
    """Waiting conversations of these helplines, first come first."""
    return Conversation.objects.filter(helpline__in=list(helplines), state=State.WAITING).order_by("pk")


def count_waiting(helpline: Helpline) -> int:
    return Conversation.objects.filter(helpline=helpline, state=State.WAITING).count()


def round_to_crowds(waiting: int) -> int:
    """As many as strangers may know of: 0 for fewer than five."""
    return waiting - waiting % CROWD


def view_queues(helpline_ids: Iterable[int], *, now: datetime) -> dict[int, QueueView]:
    """The queues of several helplines at once."""
    helplines = list(Helpline.objects.filter(pk__in=list(helpline_ids)))
    staff = available_staff([h.pk for h in helplines], now=now)
    waiting = _waiting_ids(helplines)
    return {
        h.pk: QueueView(
            places=dict(zip(waiting.get(h.pk, ()), itertools.count(1))),
            minutes_per_place=_minutes_per_place(h, now=now) if staff.get(h.pk) else None,
            notices=_notices(h, anybody=bool(staff.get(h.pk)), now=now),
        )
        for h in helplines
    }


def _waiting_ids(helplines: Sequence[Helpline]) -> dict[int, list[int]]:
    """By helpline, first come first. Those with none are left out."""
    if connection.vendor == "postgresql":
        # Thousands may wait, and as rows they would keep the interpreter from everybody's messages.
        with binary_cursor() as cursor:
            return dict(cursor.execute(WAITING, ([h.pk for h in helplines],), prepare=True).fetchall())
    found: dict[int, list[int]] = {}
    for pk, helpline_id in waiting_conversations(helplines).values_list("pk", "helpline_id"):
        found.setdefault(helpline_id, []).append(pk)
    return found


def _minutes_per_place(helpline: Helpline, *, now: datetime) -> float | None:
    """The median time between the last claims: how fast the queue has really moved in the last hours."""
    claimed = Conversation.objects.filter(helpline=helpline, claimed_at__gte=now - timedelta(hours=ESTIMATE_HOURS))
    times = list(claimed.order_by("-claimed_at").values_list("claimed_at", flat=True)[:ESTIMATE_CLAIMS])
    if len(times) < ESTIMATE_FEWEST_CLAIMS:
        return None
    return median((a - b).total_seconds() / 60 for a, b in pairwise(times) if a and b)


def _notices(helpline: Helpline, *, anybody: bool, now: datetime) -> tuple[str, ...]:
    state = opening_state(helpline, now=now)
    soon = state.closes_at is not None and state.closes_at - now <= timedelta(minutes=CLOSING_SOON_MINUTES)
    found = {"nobody_on_duty": not anybody, "closing_soon": state.open and soon, "soft_closed": state.soft_closed}
    return tuple(code for code, holds in found.items() if holds)
