"""Where the keys of conversations live: one random key each, wrapped by the master key, in a database apart.

Destroying a key is the purge that old backups cannot undo (docs/privacy.md, "Keys live apart").
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, ProgrammingError, connections
from psycopg import sql

from intake.sealing.cipher import Cipher, SealBroken, new_key
from intake.sealing.master_key import cipher_for
from intake.sealing.models import Salt, SealKey
from intake.sealing.router import ALIAS

logger = logging.getLogger(__name__)

PURPOSE = "conversation keys"
# A destroyed key may stay in the memory of a process that has just used it: at most this long.
CACHE_SECONDS = 60.0
CACHE_KEYS = 20_000
REWRITE_MINUTES = 5
"""A rewrite has the table to itself for a moment, so it does not follow every purge."""
LOCK_WAIT, LONGEST_REWRITE = "500ms", "3s"
"""Nobody who needs a key waits for longer: the rewrite gives up, and is tried again in the next round."""


class KeyDestroyed(Exception):
    """The key of this subject was purged: nothing sealed with it can be read again."""


class _Cache:
    """The ciphers this process has used in the last minute, oldest first."""

    def __init__(self) -> None:
        self._held: OrderedDict[uuid.UUID, tuple[float, Cipher]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, subject_id: uuid.UUID) -> Cipher | None:
        held = self._held.get(subject_id)
        return held[1] if held and held[0] > time.monotonic() else None

    def put(self, subject_id: uuid.UUID, cipher: Cipher) -> None:
        now = time.monotonic()
        with self._lock:
            self._held.pop(subject_id, None)
            self._held[subject_id] = (now + CACHE_SECONDS, cipher)
            while len(self._held) > CACHE_KEYS:
                self._held.popitem(last=False)

    def sweep(self) -> None:
        """Forget what has been held long enough. Called on every tick, so that an idle process keeps nothing."""
        now = time.monotonic()
        with self._lock:
            while self._held and next(iter(self._held.values()))[0] <= now:
                self._held.popitem(last=False)

    def drop(self, subject_ids: Iterable[uuid.UUID]) -> None:
        with self._lock:
            for subject_id in subject_ids:
                self._held.pop(subject_id, None)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


cache = _Cache()


def create_keys(subject_ids: Collection[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, Cipher]:
    """New keys, by subject, stored in one statement before anything is sealed with them."""
    keys = {subject_id: new_key() for subject_id in subject_ids}
    wrapping = cipher_for(PURPOSE)
    SealKey.objects.bulk_create(
        SealKey(subject_id=subject_id, wrapped=wrapping.seal(key, place=subject_id.bytes), created_at=now)
        for subject_id, key in keys.items()
    )
    ciphers = {subject_id: Cipher(key) for subject_id, key in keys.items()}
    for subject_id, cipher in ciphers.items():
        cache.put(subject_id, cipher)
    return ciphers


def open_keys(subject_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Cipher]:
    """Ciphers by subject, in one query for those not in memory. A destroyed or spoilt key is left out."""
    found = {subject_id: cipher for subject_id in subject_ids if (cipher := cache.get(subject_id))}
    missing = [subject_id for subject_id in subject_ids if subject_id not in found]
    if missing:
        for subject_id, wrapped in SealKey.objects.filter(subject_id__in=missing).values_list("subject_id", "wrapped"):
            try:
                found[subject_id] = Cipher(cipher_for(PURPOSE).open(bytes(wrapped), place=subject_id.bytes))
            except SealBroken:
                # One spoilt key must not close the conversations that are read together with it.
                logger.error("A key cannot be unwrapped: it was changed, or wrapped by another master key.")
                continue
            cache.put(subject_id, found[subject_id])
    return found


def open_key(subject_id: uuid.UUID) -> Cipher:
    """Raises `KeyDestroyed`."""
    try:
        return open_keys([subject_id])[subject_id]
    except KeyError:
        raise KeyDestroyed from None


def destroy_keys(subject_ids: Collection[uuid.UUID]) -> int:
    """Destroy the keys and say how many there were. Always before the rows they seal."""
    deleted, _ = SealKey.objects.filter(subject_id__in=list(subject_ids)).delete()
    cache.drop(subject_ids)
    return deleted


# -- off the disk, too ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rewrite:
    """How many rows had been destroyed when the tables were written anew, and when, by a clock that nobody can put."""

    destroyed: int
    at: float


def forget_destroyed(last: Rewrite | None, *, at: float) -> Rewrite | None:
    """On PostgreSQL, write the tables anew without what was destroyed; the last rewrite there was, perhaps this one.

    There a row that was deleted stays on the disk, in its table and in the write-ahead log. Not before something more
    was destroyed than at the `last` one, by whichever process, and REWRITE_MINUTES later.
    """
    connection = connections[ALIAS]
    # SQLite overwrites what it deletes. Inside a transaction no table can be rewritten so.
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return last
    if last and at - last.at < REWRITE_MINUTES * 60:
        return last
    with connection.cursor() as cursor:
        destroyed = _count_destroyed(cursor)
        if (last and destroyed == last.destroyed) or not _rewrite_tables(cursor):
            return last
        _drop_log(cursor)
    return Rewrite(destroyed, at)


def _tables() -> list[str]:
    return [model._meta.db_table for model in (SealKey, Salt)]


def _count_destroyed(cursor: Any) -> int:
    """As the server counts them, since it was made or last crashed: web processes destroy keys, too."""
    count = "SELECT sum(pg_stat_get_tuples_deleted(name::regclass)) FROM unnest(%s::text[]) AS name"
    cursor.execute(count, [_tables()])
    return int(cursor.fetchone()[0] or 0)


def _rewrite_tables(cursor: Any) -> bool:
    """False when somebody holds them for too long."""
    for name, value in (("lock_timeout", LOCK_WAIT), ("statement_timeout", LONGEST_REWRITE)):
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        for table in _tables():
            _drop_statistics(cursor, table)
            cursor.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))
    except OperationalError:
        logger.warning("The key store is in use: what was destroyed stays on its disk until the next round.")
        return False
    finally:
        cursor.execute("RESET lock_timeout")
        cursor.execute("RESET statement_timeout")
    return True


def _drop_statistics(cursor: Any, table: str) -> None:
    """Statistics quote a hundred values of a column as they are. There are none any more, and none will be made."""
    found = "SELECT attstattarget IS DISTINCT FROM 0 FROM pg_attribute"
    cursor.execute(f"{found} WHERE attrelid = %s::regclass AND attname = 'wrapped'", [table])
    if cursor.fetchone()[0]:
        alter = sql.SQL("ALTER TABLE {} ALTER COLUMN wrapped {}")
        # Its own type once more: that forgets the statistics, and touches no row.
        cursor.execute(alter.format(sql.Identifier(table), sql.SQL("TYPE bytea")))
        cursor.execute("VACUUM (FULL) pg_statistic")
        cursor.execute(alter.format(sql.Identifier(table), sql.SQL("SET STATISTICS 0")))


def _drop_log(cursor: Any) -> None:
    """Begin a new segment of the write-ahead log and let the earlier ones go: they hold every key that was made.

    A server that keeps them under another name for later would gain nothing by it.
    """
    cursor.execute("SELECT current_setting('wal_recycle', true)")
    if cursor.fetchone()[0] == "off":
        for statement in ("SELECT pg_switch_wal()", "CHECKPOINT"):
            # A role that may not: the log goes with the server's own checkpoints.
            with suppress(ProgrammingError):
                cursor.execute(statement)
