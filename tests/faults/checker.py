"""Holds a history against the database and against fresh fetches, after everything has healed.

It asks what a visitor would ask: is everything there that was shown as sent, once, in order, and nothing else?
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.history import End, History, Operation, Reading

KINDS = ("lost", "doubled", "reordered", "invented", "changed", "foreign", "divergent", "leaked", "unsettled")


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
    findings = [
        *_check_operations(history.operations, stored, forgiven),
        *_check_rows(history.operations, stored),
        *_check_order(history.operations, stored),
        *_check_fetches(stored, fetched),
    ]
    for reading in history.readings:
        findings += _check_reading(reading, stored.get(reading.conversation, ()))
    return findings


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
        if one.end is End.FAIL and rows:
            yield Finding("invented", one.conversation, f"{one.origin_id} was refused and is stored")


def _check_rows(operations: Sequence[Operation], stored: Rows) -> Iterator[Finding]:
    """Nothing that nobody sent, every text as it was sent, numbers from 1 without holes."""
    sent = {(one.conversation, one.origin_id): one for one in operations}
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
    for shown in reading.shown:
        if not shown.body.startswith(canary(here)):
            yield Finding("foreign", here, f"{reading.reader} was shown another conversation's message")
    for origin_id, times in Counter(shown.origin_id for shown in reading.shown).items():
        if times > 1:
            yield Finding("doubled", here, f"{reading.reader} was shown {origin_id} {times} times")
    numbers = [shown.seq for shown in reading.shown]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        yield Finding("reordered", here, f"{reading.reader} was shown numbers that do not ascend")
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
