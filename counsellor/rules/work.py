"""What a counsellor does with a conversation: intake's rules, with a line in the log in the same transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from counsellor.models import AuditEntry, Counsellor
from counsellor.rules.audit import record_action
from intake.models import Conversation
from intake.rules.lifecycle import claim_conversation, end_conversation, hand_back_conversation

Action = AuditEntry.Action


@transaction.atomic
def take_conversation(conversation: Conversation, *, counsellor: Counsellor, now: datetime) -> None:
    """Claim it. Raises `AlreadyClaimed` or `Ended` for everyone but the first. The caller announces it."""
    claim_conversation(conversation, counsellor=counsellor, now=now)
    record_action(Action.CLAIMED, actor=counsellor, helpline=conversation.helpline, now=now)


@transaction.atomic
def finish_conversation(conversation: Conversation, *, counsellor: Counsellor, now: datetime) -> bool:
    """End it as the counsellor. False when it had ended already or was not hers any more. The caller announces it."""
    hers = Q(counsellor=counsellor)
    ended = end_conversation(conversation, reason=Conversation.EndReason.COUNSELLOR, now=now, only_if=hers)
    if ended:
        record_action(Action.ENDED, actor=counsellor, helpline=conversation.helpline, now=now)
    return ended


@transaction.atomic
def return_conversation(conversation: Conversation, *, counsellor: Counsellor, now: datetime) -> bool:
    """Put it back in the queue. False when it was not hers any more. The caller announces it."""
    returned = hand_back_conversation(conversation, counsellor=counsellor, now=now)
    if returned:
        record_action(Action.HANDED_BACK, actor=counsellor, helpline=conversation.helpline, now=now)
    return returned
