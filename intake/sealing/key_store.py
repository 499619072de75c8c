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
from datetime import datetime

from intake.sealing.cipher import Cipher, SealBroken, new_key
from intake.sealing.master_key import cipher_for
from intake.sealing.models import SealKey

logger = logging.getLogger(__name__)

PURPOSE = "conversation keys"
# A destroyed key may stay in the memory of a process that has just used it: at most this long.
CACHE_SECONDS = 60.0
CACHE_KEYS = 20_000


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
