"""The one way into the log of what staff did."""

from __future__ import annotations

from datetime import datetime

from counsellor.models import AuditEntry, Counsellor
from intake.models import Helpline


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
