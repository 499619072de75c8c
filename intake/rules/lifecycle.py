"""A conversation from start to end: waiting → active → ended. One conditional UPDATE decides who won."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from intake.errors import AlreadyClaimed, Ended, UnknownConversation
from intake.models import Conversation, PendingContact
from intake.rules.retention import purge_conversations
from intake.rules.tallies import count
from intake.rules.tokens import hash_token

State = Conversation.State
EndReason = Conversation.EndReason


def find_by_token(token: str) -> Conversation:
    """The visitor's conversation. Raises `UnknownConversation`, also for one that was purged."""
    found = Conversation.objects.select_related("helpline").filter(token_hash=hash_token(token)).first()
    if found is None:
        raise UnknownConversation
    return found


def claim_conversation(conversation: Conversation, *, counsellor: AbstractBaseUser, now: datetime) -> None:
    """Make a waiting conversation this counsellor's. Raises `AlreadyClaimed` or `Ended` for everyone but the first.

    Claiming one's own again succeeds. Wakes the conversation and the helpline's queue.
    """
    waiting = Conversation.objects.filter(pk=conversation.pk, state=State.WAITING)
    mine = {"state": State.ACTIVE, "counsellor_id": counsellor.pk, "last_activity_at": now}
    with transaction.atomic():
        if waiting.filter(claimed_at=None).update(**mine, claimed_at=now):
            count(conversation.helpline_id, "answered", now=now)
        else:
            # Handed back before: it was answered when somebody first took it, and is counted from there.
            waiting.update(**mine)
    current = Conversation.objects.filter(pk=conversation.pk).first()
    if current is None or current.state == State.ENDED:
        raise Ended
    conversation.refresh_from_db()
    if conversation.counsellor_id != counsellor.pk:
        raise AlreadyClaimed


def hand_back_conversation(conversation: Conversation, *, counsellor: AbstractBaseUser, now: datetime) -> bool:
    """Put one's own active conversation back in the queue, where its age gives it its old place.

    False when it was not hers any more. Wakes the conversation and the queue.
    """
    mine = Conversation.objects.filter(pk=conversation.pk, state=State.ACTIVE, counsellor_id=counsellor.pk)
    # `claimed_at` stays: somebody answered, so there is a contact to register however it ends.
    return bool(mine.update(state=State.WAITING, counsellor=None, last_activity_at=now))


def end_conversation(
    conversation: Conversation, *, reason: Conversation.EndReason, now: datetime, only_if: Q | None = None
) -> bool:
    """End it, once: an answered one leaves a contact to register, an unanswered one is counted as given up.

    False when it had ended already, or `only_if` does not hold of it any more. Wakes the conversation and the queue.
    """
    ended: dict[str, object] = {"state": State.ENDED, "ended_at": now, "end_reason": reason}
    if reason != EndReason.ABANDONED:
        # Nobody did anything when it was found to be left: its text lives no longer for that.
        ended["last_activity_at"] = now
    with transaction.atomic():
        # Locked first, so that what is written below is what the conditional update decided on.
        living = Conversation.objects.select_for_update().filter(only_if or Q(), pk=conversation.pk)
        current = living.exclude(state=State.ENDED).first()
        if current is None:
            return False
        Conversation.objects.filter(pk=current.pk).update(**ended)
        if current.claimed_at is not None:
            leave_contact_to_register(current, now=now)
        else:
            count(current.helpline_id, "gave_up", now=now)
    return True


def erase_conversation(conversation: Conversation, *, now: datetime) -> None:
    """End it and purge it at once, as its visitor asked. Wakes the conversation and the queue."""
    if not end_conversation(conversation, reason=EndReason.ERASED, now=now):
        # It had ended before. Should the purge below be cut short, housekeeping knows that it is due at once.
        Conversation.objects.filter(pk=conversation.pk).update(end_reason=EndReason.ERASED)
    purge_conversations([conversation.public_id])


def leave_contact_to_register(conversation: Conversation, *, now: datetime) -> None:
    """Write down that a conversation which had been answered ended at `now`. Inside the caller's transaction."""
    claimed_at = conversation.claimed_at or conversation.created_at
    PendingContact.objects.create(
        conversation=conversation,
        helpline_id=conversation.helpline_id,
        counsellor_id=conversation.counsellor_id,
        started_at=to_quarter_hour(claimed_at),
        duration_minutes=_minutes(now - claimed_at),
        waiting_minutes=_minutes(claimed_at - conversation.created_at),
        language=conversation.language,
        ended_on=now.astimezone(conversation.helpline.zone).date(),
    )


def to_quarter_hour(at: datetime) -> datetime:
    """The quarter-hour that `at` lies in."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def _minutes(span: timedelta) -> int:
    return max(0, round(span.total_seconds() / 60))
