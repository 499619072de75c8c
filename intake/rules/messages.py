"""How a message is stored and read again: the database is the queue (docs/architecture.md, "One message's walk").

`store_messages` takes what arrived while the last commit ran. Many are stored in one transaction with a fixed number of
statements, whatever the size of the batch; a few, into conversations that this process knows, in one round trip.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Q

from intake.errors import (
    UNAVAILABLE_RETRY_SECONDS,
    ConflictingRetry,
    Ended,
    Malformed,
    NotPermitted,
    Refusal,
    TooLong,
    Unavailable,
    UnknownConversation,
)
from intake.models import Conversation, Message
from intake.rules.intro import is_storable
from intake.rules.known_heads import known_heads
from intake.rules.message_rows import Head, Row, lock_heads, store_if_unchanged, store_rows, stores_at_once
from intake.sealing.cipher import Cipher, SealBroken
from intake.sealing.key_store import open_keys
from intake.sealing.router import ALIAS as KEYS

logger = logging.getLogger(__name__)

Role = Message.Role

A_FEW_MESSAGES = 4
"""Up to so many, each in a conversation of its own, are stored in one round trip (docs/decisions.md)."""
PULL_MESSAGES = 50
"""At most this many messages of one conversation in one read. A socket that never reads holds so many: with 100, twenty
of them cost a process 20 MB, with 50 15."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A message as it was sent. `author_id` is the counsellor's, None for a visitor."""

    conversation_id: int
    sender: int
    author_id: int | None
    origin_id: uuid.UUID
    body: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A committed message. `first`: not a repeat of what was stored before; `epoch` is set for these alone."""

    conversation_id: int
    seq: int
    sender: int
    origin_id: uuid.UUID
    body: str
    sent_at: datetime
    first: bool = True
    epoch: int = 0


Outcome = Stored | Refusal
Origin = tuple[int, int, uuid.UUID]


class _SomeWereStoredBefore(Exception):
    """The insert met a message that is there already: roll back, look it up, and store the others."""


_SPOILT = (DatabaseError, SealBroken, _SomeWereStoredBefore)


def check_body(body: str) -> None:
    """Raises `TooLong`, `Malformed` for an empty text or one that is not Unicode."""
    if len(body) > settings.BODY_CHARACTERS:
        raise TooLong
    if not body.strip() or not is_storable(body):
        raise Malformed


def store_messages(postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    """Store a batch; one outcome for each posting, in their order. Returns after COMMIT.

    A batch that fails is retried row by row, so that one bad row does not fail its neighbours; what then still
    fails is `Unavailable`. The caller wakes every conversation of a `Stored`.
    """
    try:
        return _store_batch(postings, now=now)
    except _SPOILT:
        if len(postings) == 1 or not connection.is_usable():
            raise
        connections[KEYS].close()  # broken or not: the next try must not meet the same dead connection
    return [_store_alone(posting, now=now) for posting in postings]


def _store_alone(posting: Posting, *, now: datetime) -> Outcome:
    try:
        return _store_batch([posting], now=now)[0]
    except _SPOILT:
        logger.warning("A message could not be stored.", exc_info=True)
        return Unavailable(retry_after_seconds=UNAVAILABLE_RETRY_SECONDS)


def _store_batch(postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    # What fails after this is tried again, and finds these stored.
    stored = _store_at_once(postings, now=now)
    others = [posting for posting in postings if posting.conversation_id not in stored]
    outcomes = iter(_store_under_lock(others, now=now) if others else ())
    return [stored.get(posting.conversation_id) or next(outcomes) for posting in postings]


def _store_at_once(postings: Sequence[Posting], *, now: datetime) -> dict[int, Stored]:
    """A few messages into conversations that stand as this process remembers them: what was stored of them, by these.

    Nobody is refused by what is only remembered.
    """
    if len(postings) > A_FEW_MESSAGES or not stores_at_once():
        return {}
    heads = known_heads.of({posting.conversation_id for posting in postings})
    known = [posting for posting in postings if posting.conversation_id in heads]
    if not heads or len(heads) < len(known):
        return {}
    batch = _Batch(known, heads, None, now=now)
    outcomes = batch.place_all()
    # First, so that what fails here goes the usual way when it is tried again.
    known_heads.forget(heads)
    unchanged = store_if_unchanged(batch.rows, heads)
    known_heads.keep({pk: head for pk, head in batch.heads_after().items() if pk in unchanged})
    return {o.conversation_id: o for o in outcomes if isinstance(o, Stored) and o.conversation_id in unchanged}


def _store_under_lock(postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    ids = {posting.conversation_id for posting in postings}
    try:
        with transaction.atomic():
            batch = _Batch(postings, lock_heads(ids), None, now=now)
            outcomes = batch.store()
    except _SomeWereStoredBefore:
        with transaction.atomic():
            batch = _Batch(postings, lock_heads(ids), _find_stored(postings), now=now)
            outcomes = batch.store()
    known_heads.keep(batch.heads_after())
    return outcomes


class _Batch:
    """One try to store postings, by how their conversations stand: locked, or remembered and compared when stored."""

    def __init__(
        self,
        postings: Sequence[Posting],
        heads: Mapping[int, Head],
        known: dict[Origin, Stored] | None,
        *,
        now: datetime,
    ) -> None:
        self.postings, self.heads = postings, heads
        self.looked, self.known = known is not None, known or {}
        self.minute = now.replace(second=0, microsecond=0)
        self.last = {pk: head.head for pk, head in heads.items()}
        self.ciphers = open_keys({head.public_id for head in heads.values()})
        self.rows: list[Row] = []

    def store(self) -> list[Outcome]:
        outcomes = self.place_all()
        if self.rows:
            moved = {row.conversation_id for row in self.rows}
            if store_rows(self.rows, {pk: self.last[pk] for pk in sorted(moved)}, minute=self.minute) < len(self.rows):
                raise _SomeWereStoredBefore
        return outcomes

    def place_all(self) -> list[Outcome]:
        """Number and seal what may be stored: `rows`."""
        return [self._place(posting) for posting in self.postings]

    def heads_after(self) -> dict[int, Head]:
        return {pk: head._replace(head=self.last[pk]) for pk, head in self.heads.items()}

    def _place(self, posting: Posting) -> Outcome:
        origin = (posting.conversation_id, posting.sender, posting.origin_id)
        if (stored := self.known.get(origin)) is not None:
            return _answer_retry(posting, stored)
        head = self.heads.get(posting.conversation_id)
        if head is None or head.public_id not in self.ciphers:
            return UnknownConversation()
        refusal = self._refuse(posting, head)
        if refusal is not None:
            return refusal
        seq = self.last[posting.conversation_id] = self.last[posting.conversation_id] + 1
        place = message_place(head.public_id, seq, posting.sender, posting.origin_id)
        sealed = self.ciphers[head.public_id].seal(posting.body.encode(), place=place)
        self.rows.append(Row(posting.conversation_id, seq, posting.sender, posting.origin_id, sealed, self.minute))
        sender, origin_id, body = posting.sender, posting.origin_id, posting.body
        stored = Stored(posting.conversation_id, seq, sender, origin_id, body, self.minute, epoch=head.epoch)
        self.known[origin] = stored
        return stored

    def _refuse(self, posting: Posting, head: Head) -> Refusal | None:
        if posting.sender == Role.COUNSELLOR and head.counsellor_id != posting.author_id:
            return NotPermitted()
        if head.state == Conversation.State.ENDED:
            # A retry of what was stored before the end still gets its first seq.
            if not self.looked:
                raise _SomeWereStoredBefore
            return Ended()
        return None


def _answer_retry(posting: Posting, stored: Stored) -> Outcome:
    if stored.body != posting.body:
        return ConflictingRetry()
    return Stored(
        stored.conversation_id, stored.seq, stored.sender, stored.origin_id, stored.body, stored.sent_at, first=False
    )


def _find_stored(postings: Sequence[Posting]) -> dict[Origin, Stored]:
    wanted = Q()
    for posting in postings:
        wanted |= Q(conversation_id=posting.conversation_id, sender=posting.sender, origin_id=posting.origin_id)
    found = _open_messages(Message.objects.filter(wanted).values_list(*MESSAGE_COLUMNS))
    return {(m.conversation_id, m.sender, m.origin_id): m for m in found}


MESSAGE_COLUMNS = ("conversation_id", "seq", "sender", "origin_id", "sealed", "sent_at", "conversation__public_id")


def read_messages(cursors: Mapping[int, int]) -> dict[int, list[Stored]]:
    """Messages after each conversation's cursor, ascending, at most `PULL_MESSAGES` of each, in one query."""
    wanted = Q()
    for conversation_id, after in cursors.items():
        wanted |= Q(conversation_id=conversation_id, seq__gt=after, seq__lte=after + PULL_MESSAGES)
    rows = Message.objects.filter(wanted).order_by("conversation_id", "seq").values_list(*MESSAGE_COLUMNS)
    found: dict[int, list[Stored]] = defaultdict(list)
    for message in _open_messages(rows):
        found[message.conversation_id].append(message)
        known_heads.reach(message.conversation_id, message.seq)
    return found


def _open_messages(found: Iterable[tuple[Any, ...]]) -> list[Stored]:
    rows = list(found)
    ciphers = open_keys({row[6] for row in rows})
    return [
        Stored(conversation_id, seq, sender, origin_id, body, sent_at, first=False)
        for conversation_id, seq, sender, origin_id, sealed, sent_at, public_id in rows
        if (body := _open_body(ciphers.get(public_id), sealed, message_place(public_id, seq, sender, origin_id)))
        is not None
    ]


def _open_body(cipher: Cipher | None, sealed: bytes, place: bytes) -> str | None:
    """The text, or None when it cannot be read: its key was purged between two statements."""
    if cipher is None:
        return None
    try:
        return cipher.open(bytes(sealed), place=place).decode()
    except SealBroken:
        # Shown as unreadable rather than left out: a silent hole would look like nothing was said.
        return "\N{REPLACEMENT CHARACTER}"


def message_place(public_id: uuid.UUID, seq: int, sender: int, origin_id: uuid.UUID) -> bytes:
    """Associated data: a sealed text cannot be moved to another conversation, number, sender or id."""
    return public_id.bytes + seq.to_bytes(4, "big") + bytes((sender,)) + origin_id.bytes
