"""The key in a file outside both databases. It wraps every key in the key store and seals the few lasting secrets."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from intake.sealing.cipher import Cipher, new_key


def create_master_key(path: Path) -> bool:
    """Write a new random key, readable by its owner alone. False when one is there already: never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(new_key().hex())
    return True


@lru_cache(maxsize=4)
def master_key(path: Path) -> bytes:
    """The 32 bytes. Raises `ImproperlyConfigured`."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"No master key in {path}. Create it with: manage.py create_keys") from None
    if len(key) != 32:
        raise ImproperlyConfigured(f"The master key in {path} is not 32 bytes in hexadecimal.")
    return key


def derive(purpose: bytes, *, path: Path | None = None) -> bytes:
    """32 bytes for `purpose` that nobody can guess without the master key (HKDF, RFC 5869). Each time the same."""
    key = master_key(path or settings.MASTER_KEY_FILE)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)


@lru_cache(maxsize=32)
def _derived(path: Path, purpose: str) -> Cipher:
    return Cipher(derive(purpose.encode(), path=path))


def cipher_for(purpose: str) -> Cipher:
    """A cipher with a key of its own for each purpose, derived from the master key."""
    return _derived(settings.MASTER_KEY_FILE, purpose)


def seal_secret(secret: bytes, *, purpose: str, place: bytes) -> bytes:
    """Seal a lasting secret of the installation (a second-factor seed), bound to `purpose` and `place`."""
    return cipher_for(purpose).seal(secret, place=place)


def open_secret(sealed: bytes, *, purpose: str, place: bytes) -> bytes:
    """Raises `SealBroken`."""
    return cipher_for(purpose).open(bytes(sealed), place=place)
