"""A visitor comes in: her conversation goes to the end of the queue. Those who come at the same time do so together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from intake.errors import UNAVAILABLE_RETRY_SECONDS, Closed, QueueFull, Refusal, Unavailable
from intake.models import Conversation, Helpline
from intake.rules.hours import opening_state
from intake.rules.intro import check_intro, seal_intro
from intake.rules.tallies import count
from intake.rules.tokens import hash_token, new_token
from intake.sealing.key_store import create_keys, destroy_keys

logger = logging.getLogger(__name__)

FULL_RETRY_SECONDS = 120


@dataclass(frozen=True)
class Wanted:
    """What a visitor asks for, with what `check_intro` has left of her answers and the token she will get."""

    helpline: Helpline
    language: str
    answers: dict[str, str]
    token: str = field(default_factory=new_token)


@dataclass(frozen=True)
class Opened:
    """A new conversation and its token, which is not kept anywhere and shown this once."""

    conversation: Conversation
    token: str


def open_conversation(helpline: Helpline, *, language: str, intro: object, now: datetime) -> Opened:
    """Put a new conversation at the end of the queue.

    `intro` maps question keys to answers. Raises `Closed`, `QueueFull`, `Malformed`. Wakes the helpline's queue.
    """
    [result] = open_conversations([Wanted(helpline, language, check_intro(helpline, intro))], now=now)
    if isinstance(result, Refusal):
        raise result
    return result


def open_conversations(wanted: Sequence[Wanted], *, now: datetime) -> list[Opened | Refusal]:
    """One result for each; in the queue they stand in their order. A rush shares its commits. Wakes the queues.

    Asked again with the same tokens, because a commit's answer was lost, it gives the same conversations.
    """
    results: dict[str, Opened | Refusal] = {opened.token: opened for opened in _find_opened(wanted)}
    new = [one for one in wanted if one.token not in results]
    for pk in {one.helpline.pk for one in new}:
        theirs = [one for one in new if one.helpline.pk == pk]
        try:
            answers = _open_at_one(theirs, now=now)
        except DatabaseError:
            if len(theirs) == len(wanted) or not connection.is_usable():
                raise
            logger.warning("The visitors of one helpline could not be let in.", exc_info=True)
            answers = [Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS) for _ in theirs]
        results.update(zip((one.token for one in theirs), answers, strict=True))
    return [results[one.token] for one in wanted]


def _find_opened(wanted: Sequence[Wanted]) -> list[Opened]:
    tokens = {hash_token(one.token): one.token for one in wanted}
    found = Conversation.objects.filter(token_hash__in=list(tokens))
    return [Opened(conversation, tokens[bytes(conversation.token_hash)]) for conversation in found]


def _open_at_one(wanted: Sequence[Wanted], *, now: datetime) -> list[Opened | Refusal]:
    helpline = wanted[0].helpline
    if not opening_state(helpline, now=now).open:
        count(helpline.pk, "closed_door", now=now, times=len(wanted))
        return [Closed() for _ in wanted]
    # Their keys are committed before the lock is taken: those of other processes would wait for this one's disk.
    prepared = _prepare(wanted[: _room(helpline)], now=now)
    taken = _put_in_queue(helpline, [opened.conversation for opened in prepared], now=now) if prepared else 0
    destroy_keys([opened.conversation.public_id for opened in prepared[taken:]])
    return [*prepared[:taken], *(QueueFull(retry_after_seconds=FULL_RETRY_SECONDS) for _ in wanted[taken:])]


def _room(helpline: Helpline) -> int:
    waiting = Conversation.objects.filter(helpline=helpline, state=Conversation.State.WAITING).count()
    return max(0, helpline.queue_cap - waiting)


def _put_in_queue(helpline: Helpline, conversations: Sequence[Conversation], *, now: datetime) -> int:
    """How many of them there was room for."""
    with transaction.atomic():
        # The lock makes the cap exact when many arrive at once. A weaker one than for a change of the key: a claim
        # holds the hour's counter and then points to the helpline, and the two would wait for each other for ever.
        room = _room(Helpline.objects.select_for_update(no_key=True).get(pk=helpline.pk))
        taken = Conversation.objects.bulk_create(conversations[:room])
        if taken:
            count(helpline.pk, "opened", now=now, times=len(taken))
    return len(taken)


def _prepare(wanted: Sequence[Wanted], *, now: datetime) -> list[Opened]:
    prepared = []
    for one in wanted:
        conversation = Conversation(
            helpline=one.helpline,
            token_hash=hash_token(one.token),
            language=one.language if one.language in one.helpline.languages else "nb",
            created_at=now,
            last_activity_at=now,
            visitor_seen_at=now,
        )
        prepared.append(Opened(conversation, one.token))
    # The keys first: a key without a conversation is swept away, a conversation without a key loses text.
    ciphers = create_keys([opened.conversation.public_id for opened in prepared], now=now)
    for one, opened in zip(wanted, prepared, strict=True):
        if one.answers:
            cipher = ciphers[opened.conversation.public_id]
            opened.conversation.intro_sealed = seal_intro(one.answers, cipher=cipher, conversation=opened.conversation)
    return prepared
