"""What delivery must know of conversations, for many at once in one query."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from intake.models import Conversation

COLUMNS = (
    "pk",
    "public_id",
    "token_hash",
    "helpline_id",
    "language",
    "state",
    "head",
    "epoch",
    "counsellor_id",
    "counsellor__pseudonym",
    "end_reason",
)
"""In the order of `Snapshot`'s fields."""
PART = 2000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One conversation as it was committed. `counsellor_name` is the pseudonym that visitors see."""

    pk: int
    public_id: uuid.UUID
    token_hash: bytes
    helpline_id: int
    language: str
    state: str
    head: int
    epoch: int
    counsellor_id: int | None
    counsellor_name: str | None
    reason: str


class Known(NamedTuple):
    """What a socket was last told of a conversation."""

    pk: int
    head: int
    epoch: int
    state: str
    counsellor_id: int | None


# Thousands wait, and hardly anything changes between two looks: the database compares, and Python sees what differs.
CHANGED = """
SELECT k.id FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::text[], %s::bigint[])
    AS k(id, head, epoch, state, counsellor_id)
LEFT JOIN intake_conversation AS c ON c.id = k.id
WHERE c.id IS NULL OR c.head <> k.head OR c.epoch <> k.epoch OR c.state <> k.state
    OR c.counsellor_id IS DISTINCT FROM k.counsellor_id
"""


def find_changed(known: Collection[Known]) -> set[int]:
    """Which of these conversations are not any more as they were known, or not there any more. On SQLite: any."""
    if not known or connection.vendor != "postgresql":
        return {one.pk for one in known}
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [list(column) for column in zip(*known, strict=True)])
        return {pk for (pk,) in cursor.fetchall()}


def read_snapshots(pks: Collection[int]) -> dict[int, Snapshot]:
    """Snapshots by primary key; a conversation that was purged is left out."""
    ordered = sorted(pks)
    found: dict[int, Snapshot] = {}
    for start in range(0, len(ordered), PART):
        for snapshot in _read(Conversation.objects.filter(pk__in=ordered[start : start + PART])):
            found[snapshot.pk] = snapshot
    return found


def look_up(names: Collection[bytes | uuid.UUID]) -> dict[bytes | uuid.UUID, Snapshot]:
    """Snapshots by token hash (visitors) or public id (staff), whichever the name is."""
    hashes = [name for name in names if isinstance(name, bytes)]
    public_ids = [name for name in names if isinstance(name, uuid.UUID)]
    wanted = Conversation.objects.filter(Q(token_hash__in=hashes) | Q(public_id__in=public_ids))
    found: dict[bytes | uuid.UUID, Snapshot] = {}
    for snapshot in _read(wanted):
        found[snapshot.token_hash] = found[snapshot.public_id] = snapshot
    return found


def _read(rows: QuerySet[Conversation]) -> list[Snapshot]:
    return [
        Snapshot(pk, public_id, bytes(token_hash), *rest)
        for pk, public_id, token_hash, *rest in rows.values_list(*COLUMNS)
    ]
