"""Rounds of housekeeping by clocks that may lie, and what they find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from counsellor.models import Counsellor
from intake.models import Conversation, Helpline
from intake.rules.clock_guard import Uptime
from intake.rules.lifecycle import EndReason, claim_conversation, end_conversation
from intake.rules.openings import open_conversation
from intake.rules.rounds import Round, keep_round

NOW = timezone.now()
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
BOOT = "4f1c8b1e-0000-4000-8000-000000000001"


def up(passed: timedelta, machine: str = BOOT) -> Uptime:
    """The machine's uptime so long after NOW."""
    return Uptime(machine, 1000 + passed.total_seconds())


def keep(at: timedelta, real: timedelta | None = None, *, machine: str = BOOT, confirmed: int = 0) -> Round:
    """A round by a clock that says NOW + `at`, when really NOW + `real`."""
    return keep_round(now=NOW + at, uptime=up(at if real is None else real, machine), confirmed=confirmed)


def open_many(helpline: Helpline, count: int, *, now: datetime = NOW) -> list[Conversation]:
    return [open_conversation(helpline, language="nb", intro={}, now=now).conversation for _ in range(count)]


def active(helpline: Helpline, counsellor: Counsellor, count: int) -> list[Conversation]:
    found = open_many(helpline, count)
    for conversation in found:
        claim_conversation(conversation, counsellor=counsellor, now=NOW)
    return found


def ended(helpline: Helpline, count: int, *, now: datetime = NOW) -> list[Conversation]:
    found = open_many(helpline, count, now=now)
    for conversation in found:
        end_conversation(conversation, reason=EndReason.VISITOR, now=now)
    return found


def states() -> Sequence[str]:
    return list(Conversation.objects.order_by("pk").values_list("state", flat=True))
