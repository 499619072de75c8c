"""Holds a history against the database and against fresh fetches, after everything has healed.

It asks what a visitor would ask: is everything there that was shown as sent, once, in order, and nothing else?
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from tests.faults.history import End, History, Operation, Reading, Shown

STORED_KINDS = ("lost", "doubled", "reordered", "invented", "changed", "foreign", "divergent", "unsettled")
KINDS = (*STORED_KINDS, "leaked", "refused")


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it is stored, or as a reader that began from nothing was given it."""

    seq: int
    role: str
    origin_id: str
    body: str


Rows = Mapping[int, Sequence[Row]]
"""Messages by conversation, ascending."""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    conversation: int
    what: str


def canary(conversation: int) -> str:
    """What every body of a conversation begins with; seen in another conversation, a text has got out."""
    return f"<{conversation}>"


def check(history: History, stored: Rows, fetched: Rows, *, forgiven: frozenset[str] = frozenset()) -> list[Finding]:
    """Everything that must not be. `stored` is the database's, `fetched` a fresh reader's.

    `forgiven` are origin ids that may be missing although they were acknowledged: what came after a backup that
    was restored. They may not be doubled, changed or moved either.
    """
    sent = {(one.conversation, one.origin_id): one for one in history.operations}
    findings = [
        *_check_operations(history.operations, stored, forgiven),
        *_check_rows(sent, stored),
        *_check_order(history.operations, stored),
        *_check_fetches(stored, fetched),
    ]
    for reading in history.readings:
        findings += _check_reading(reading, stored.get(reading.conversation, ()))
        findings += _check_frames(reading, sent)
    return findings


def check_refusals(history: History, *, allowed: frozenset[int] = frozenset()) -> list[Finding]:
    """Nobody may be sent away, and nothing refused for good, because something else breaks.

    `allowed` are the close codes with which a fault may send clients away; what they said last may be refused then.
    """
    away = [reading for reading in history.readings if reading.stopped_by is not None]
    gone = {reading.conversation for reading in away if reading.stopped_by in allowed}
    return [
        *(
            Finding("refused", reading.conversation, f"{reading.reader} was sent away with {reading.stopped_by}")
            for reading in away
            if reading.stopped_by not in allowed
        ),
        *(
            Finding("refused", one.conversation, f"{one.sender}'s {one.origin_id} was refused for good")
            for one in history.operations
            if one.end is End.FAIL and one.conversation not in gone
        ),
    ]


def count(findings: Iterable[Finding]) -> dict[str, int]:
    found = Counter(finding.kind for finding in findings)
    return {kind: found[kind] for kind in KINDS}


def _check_operations(operations: Sequence[Operation], stored: Rows, forgiven: frozenset[str]) -> Iterator[Finding]:
    """Each ok once and under the number that was told, each unknown at most once, each fail not at all."""
    for one in operations:
        rows = [row for row in stored.get(one.conversation, ()) if row.origin_id == one.origin_id]
        if one.end is None:
            yield Finding("unsettled", one.conversation, f"{one.origin_id} was never answered")
        if len(rows) > 1:
            yield Finding("doubled", one.conversation, f"{one.origin_id} is stored {len(rows)} times")
        if one.end is End.OK and not rows and one.origin_id not in forgiven:
            yield Finding("lost", one.conversation, f"{one.origin_id} was acknowledged as {one.seq} and is not stored")
        if one.end is End.OK and rows and rows[0].seq != one.seq and one.origin_id not in forgiven:
            yield Finding("changed", one.conversation, f"{one.origin_id} was told {one.seq} and is {rows[0].seq}")
        if len(one.told) > 1:
            yield Finding("changed", one.conversation, f"{one.origin_id} was told {sorted(one.told)}")
        if one.end is End.FAIL and rows:
            yield Finding("invented", one.conversation, f"{one.origin_id} was refused and is stored")


Sent = Mapping[tuple[int, str], Operation]
"""By conversation and origin id."""


def _check_rows(sent: Sent, stored: Rows) -> Iterator[Finding]:
    """Nothing that nobody sent, every text as it was sent, numbers from 1 without holes."""
    for conversation, rows in stored.items():
        for number, row in enumerate(rows, start=1):
            if row.seq != number:
                yield Finding("reordered", conversation, f"number {row.seq} stands at place {number}")
                break
        for row in rows:
            one = sent.get((conversation, row.origin_id))
            if one is None:
                kind = "invented" if row.body.startswith(canary(conversation)) else "foreign"
                yield Finding(kind, conversation, f"nobody sent {row.origin_id}")
            elif (one.body, one.role) != (row.body, row.role):
                yield Finding("changed", conversation, f"{row.origin_id} is not what was sent")


def _check_order(operations: Sequence[Operation], stored: Rows) -> Iterator[Finding]:
    """A sender invokes one after the other; what was acknowledged stands in that order."""
    by_sender: dict[tuple[int, str], list[Operation]] = defaultdict(list)
    for one in operations:
        by_sender[one.conversation, one.sender].append(one)
    numbers = {(c, row.origin_id): row.seq for c, rows in stored.items() for row in rows}
    for (conversation, sender), mine in by_sender.items():
        told = [numbers[conversation, o.origin_id] for o in mine if (conversation, o.origin_id) in numbers]
        if any(later <= earlier for earlier, later in pairwise(told)):
            yield Finding("reordered", conversation, f"{sender}'s messages are not in the order she wrote them")


def _check_fetches(stored: Rows, fetched: Rows) -> Iterator[Finding]:
    for conversation, rows in fetched.items():
        if list(rows) != list(stored.get(conversation, ())):
            yield Finding("divergent", conversation, "a fresh reader was given something else than what is stored")


def _check_reading(reading: Reading, rows: Sequence[Row]) -> Iterator[Finding]:
    """A reader shows each message once, ascending, without holes, and at the end just what is stored."""
    here = reading.conversation
    for screen in [*reading.screens, reading.shown]:
        yield from _check_screen(reading, screen)
    if not reading.alive:
        rows = rows[: len(reading.shown)]
    seen = {shown.origin_id for shown in reading.shown}
    for row in rows:
        if row.origin_id not in seen:
            yield Finding("lost", here, f"{reading.reader} was never shown {row.seq}")
    if [(s.seq, s.role, s.origin_id, s.body) for s in reading.shown] != [
        (r.seq, r.role, r.origin_id, r.body) for r in rows
    ]:
        yield Finding("divergent", here, f"{reading.reader} shows something else than what is stored")


def _check_screen(reading: Reading, screen: Sequence[Shown]) -> Iterator[Finding]:
    """One that was dropped later is none the less to have been right."""
    for origin_id, times in Counter(shown.origin_id for shown in screen).items():
        if times > 1:
            yield Finding("doubled", reading.conversation, f"{reading.reader} was shown {origin_id} {times} times")
    if any(later.seq <= earlier.seq for earlier, later in pairwise(screen)):
        yield Finding("reordered", reading.conversation, f"{reading.reader} was shown numbers that do not ascend")


def _check_frames(reading: Reading, sent: Sent) -> Iterator[Finding]:
    """Everything that came to a reader, put on the screen or not, is this conversation's, and as it was sent."""
    here, reader = reading.conversation, reading.reader
    for came in chain(*reading.screens, reading.shown, reading.early, reading.contradictions):
        one = sent.get((here, came.origin_id))
        if not came.body.startswith(canary(here)):
            yield Finding("foreign", here, f"{reader} was given another conversation's message")
        elif one is None:
            yield Finding("invented", here, f"{reader} was given {came.origin_id}, which nobody sent")
        elif (one.body, one.role) != (came.body, came.role):
            yield Finding("changed", here, f"{reader} was given {came.origin_id} otherwise than it was sent")
    for came in reading.contradictions:
        yield Finding("changed", here, f"{reader} was given {came.seq} again, as another message")
    for origin_id in reading.strange_acks:
        yield Finding("foreign", here, f"{reader} was told that {origin_id} is stored, and had not sent it")
