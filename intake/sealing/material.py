"""Everything secret that the key store and the master key file hold now: what no backup may contain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.conf import settings

from intake.sealing import key_store, salt
from intake.sealing.cipher import SealBroken
from intake.sealing.master_key import cipher_for, master_key
from intake.sealing.models import Salt, SealKey


def key_material() -> Iterator[bytes]:
    """The master key, and every key and salt as it lies there and as it is used. For a search, and nothing else."""
    yield master_key(settings.MASTER_KEY_FILE)
    for subject_id, wrapped in SealKey.objects.values_list("subject_id", "wrapped").iterator():
        yield bytes(wrapped)
        with suppress(SealBroken):
            yield cipher_for(key_store.PURPOSE).open(bytes(wrapped), place=subject_id.bytes)
    for day_on, wrapped in Salt.objects.values_list("day_on", "wrapped"):
        yield bytes(wrapped)
        with suppress(SealBroken):
            yield cipher_for(salt.PURPOSE).open(bytes(wrapped), place=day_on.isoformat().encode())
