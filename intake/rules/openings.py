"""A visitor comes in: her conversation goes to the end of the queue. Those who come at the same time do so together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from intake.errors import UNAVAILABLE_RETRY_SECONDS, Closed, Ended, QueueFull, Refusal, Unavailable
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

    @property
    def place(self) -> tuple[int, bytes]:
        """By which her conversation is found again."""
        return self.helpline.pk, hash_token(self.token)


@dataclass(frozen=True)
class Opened:
    """A conversation and its token, which is not kept anywhere. `first`: not what had been opened before."""

    conversation: Conversation
    token: str
    first: bool = field(default=True, compare=False)


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

    Asked again with the same tokens, because an answer was lost, it gives the same conversations, with what was
    answered the first time; and `Ended` for one that is over or was entered: who asks again has never come in.
    """
    results: dict[tuple[int, bytes], Opened | Refusal] = {**_find_opened(wanted)}
    new = {one.place: one for one in wanted if one.place not in results}
    for pk in {one.helpline.pk for one in new.values()}:
        theirs = [one for one in new.values() if one.helpline.pk == pk]
        try:
            answers = _open_at_one(theirs, now=now)
        except DatabaseError:
            if all(one.helpline.pk == pk for one in wanted) or not connection.is_usable():
                raise
            logger.warning("The visitors of one helpline could not be let in.", exc_info=True)
            answers = [Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS) for _ in theirs]
        results.update(zip((one.place for one in theirs), answers, strict=True))
    return [results[one.place] for one in wanted]


def _find_opened(wanted: Sequence[Wanted]) -> dict[tuple[int, bytes], Opened | Refusal]:
    """What has come of those that were asked for before, by place."""
    tokens = {one.place: one.token for one in wanted}
    found: dict[tuple[int, bytes], Opened | Refusal] = {}
    for conversation in Conversation.objects.filter(token_hash__in=[token_hash for _, token_hash in tokens]):
        place = (conversation.helpline_id, bytes(conversation.token_hash))
        if place in tokens:
            entered = conversation.visitor_seen_at > conversation.created_at
            over = entered or conversation.state == Conversation.State.ENDED
            found[place] = Ended() if over else Opened(conversation, tokens[place], first=False)
    return found


def _open_at_one(wanted: Sequence[Wanted], *, now: datetime) -> list[Opened | Refusal]:
    helpline = wanted[0].helpline
    if not opening_state(helpline, now=now).open:
        count(helpline.pk, "closed_door", now=now, times=len(wanted))
        return [Closed() for _ in wanted]
    # Their keys are committed before the lock is taken: those of other processes would wait for this one's disk.
    admitted = wanted[: _room(helpline)]
    prepared = _prepare(admitted, now=now)
    results = _put_in_queue(admitted, prepared, now=now) if prepared else []
    unused = [mine for mine, result in zip(prepared, results, strict=True) if result is not mine]
    destroy_keys([mine.conversation.public_id for mine in unused])
    return [*results, *(_full() for _ in wanted[len(prepared) :])]


def _full() -> QueueFull:
    return QueueFull(retry_after_seconds=FULL_RETRY_SECONDS)


def _room(helpline: Helpline) -> int:
    waiting = Conversation.objects.filter(helpline=helpline, state=Conversation.State.WAITING).count()
    return max(0, helpline.queue_cap - waiting)


def _put_in_queue(wanted: Sequence[Wanted], prepared: Sequence[Opened], *, now: datetime) -> list[Opened | Refusal]:
    """For each of `wanted`, all of one helpline: what was prepared, what another process made of it, or `QueueFull`."""
    helpline = wanted[0].helpline
    with transaction.atomic():
        # The lock makes the cap exact when many arrive at once. A weaker one than for a change of the key: a claim
        # holds the hour's counter and then points to the helpline, and the two would wait for each other for ever.
        room = _room(Helpline.objects.select_for_update(no_key=True).get(pk=helpline.pk))
        # Who asks again may be answered by another process, which had the lock before.
        results = _find_opened(wanted)
        new = [(one.place, mine) for one, mine in zip(wanted, prepared, strict=True) if one.place not in results]
        results.update(new[:room])
        Conversation.objects.bulk_create([mine.conversation for _, mine in new[:room]])
        if new[:room]:
            count(helpline.pk, "opened", now=now, times=len(new[:room]))
    return [results.get(one.place) or _full() for one in wanted]


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
