"""The one way into the log of what staff did."""

from __future__ import annotations

from datetime import datetime, timedelta

from counsellor.models import AuditEntry, Counsellor
from intake.models import Helpline

CONVERSATION_DAYS = 14
"""Who took and ended conversations. Kept longer, it would tell beside the ledger which contact was whose."""
ACTION_DAYS = 365

Action = AuditEntry.Action
ABOUT_CONVERSATIONS = (Action.CLAIMED, Action.HANDED_BACK, Action.ENDED)


def record_action(
    action: AuditEntry.Action,
    *,
    actor: Counsellor | None,
    now: datetime,
    subject: Counsellor | None = None,
    helpline: Helpline | None = None,
) -> None:
    """Write one line. `actor` None: nobody was signed in yet. `subject` is the account that something was done to."""
    AuditEntry.objects.create(at=now, actor=actor, action=action, subject=subject, helpline=helpline)


def forget_actions(*, now: datetime) -> int:
    """Remove the lines whose time is over; how many. Idempotent."""
    about_conversations = AuditEntry.objects.filter(
        action__in=ABOUT_CONVERSATIONS, at__lt=now - timedelta(days=CONVERSATION_DAYS)
    )
    old = AuditEntry.objects.filter(at__lt=now - timedelta(days=ACTION_DAYS))
    return about_conversations.delete()[0] + old.delete()[0]
