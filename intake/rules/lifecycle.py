"""A conversation from start to end: waiting → active → ended. One conditional UPDATE decides who won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from intake.errors import AlreadyClaimed, Closed, Ended, QueueFull, UnknownConversation
from intake.models import Conversation, Helpline, PendingContact
from intake.rules.hours import opening_state
from intake.rules.intro import check_intro, seal_intro
from intake.rules.retention import purge_conversations
from intake.rules.tallies import count, count_closed_door
from intake.rules.tokens import hash_token, new_token
from intake.sealing.key_store import create_key, destroy_keys

State = Conversation.State
EndReason = Conversation.EndReason


@dataclass(frozen=True)
class Opened:
    """A new conversation and its token, which is not kept anywhere and shown this once."""

    conversation: Conversation
    token: str


def open_conversation(helpline: Helpline, *, language: str, intro: object, now: datetime) -> Opened:
    """Put a new conversation at the end of the queue.

    `intro` maps question keys to answers. Raises `Closed`, `QueueFull`, `Malformed`. Wakes the helpline's queue.
    """
    answers = check_intro(helpline, intro)
    if not opening_state(helpline, now=now).open:
        count_closed_door(helpline, now=now)
        raise Closed
    _require_place(helpline)
    token = new_token()
    # Its key is committed before the lock is taken: those who arrive together would wait for each other's disk.
    conversation = _prepare_conversation(helpline, token=token, language=language, answers=answers, now=now)
    try:
        _put_in_queue(conversation, now=now)
    except QueueFull:
        destroy_keys([conversation.public_id])
        raise
    return Opened(conversation, token)


def _require_place(helpline: Helpline) -> None:
    if Conversation.objects.filter(helpline=helpline, state=State.WAITING).count() >= helpline.queue_cap:
        raise QueueFull(retry_after_seconds=120)


def _put_in_queue(conversation: Conversation, *, now: datetime) -> None:
    with transaction.atomic():
        # The lock makes the cap exact when many arrive at once. A weaker one than for a change of the key: a claim
        # holds the hour's counter and then points to the helpline, and the two would wait for each other for ever.
        _require_place(Helpline.objects.select_for_update(no_key=True).get(pk=conversation.helpline_id))
        conversation.save(force_insert=True)
        count(conversation.helpline_id, "opened", now=now)


def _prepare_conversation(
    helpline: Helpline, *, token: str, language: str, answers: dict[str, str], now: datetime
) -> Conversation:
    conversation = Conversation(
        helpline=helpline,
        token_hash=hash_token(token),
        language=language if language in helpline.languages else "nb",
        created_at=now,
        last_activity_at=now,
        visitor_seen_at=now,
    )
    # The key first: a key without a conversation is swept away, a conversation without a key loses text.
    cipher = create_key(conversation.public_id, now=now)
    if answers:
        conversation.intro_sealed = seal_intro(answers, cipher=cipher, conversation=conversation)
    return conversation


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
    ended = {"state": State.ENDED, "ended_at": now, "end_reason": reason, "last_activity_at": now}
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
