"""AES-256-GCM with a random 96-bit nonce in front, over text padded to whole blocks of 256 bytes.

The padding hides the length of what was written: a "yes" and a short sentence look alike in the database.
Source: NIST SP 800-38D. Every key seals far fewer than 2^32 texts, so random nonces are safe (section 8.3).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK_BYTES = 256
NONCE_BYTES = 12
LENGTH_BYTES = 4


class SealBroken(Exception):
    """The sealed bytes were changed, moved to another place, or sealed with another key."""


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=256)


def pad(text: bytes) -> bytes:
    """`text` with its length in front, filled to a multiple of 256 bytes."""
    framed = len(text).to_bytes(LENGTH_BYTES, "big") + text
    return framed + bytes(-len(framed) % BLOCK_BYTES)


def unpad(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    return padded[LENGTH_BYTES : LENGTH_BYTES + length]


class Cipher:
    """Seals and opens with one key. `place` is the associated data: where the sealed bytes belong."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, text: bytes, *, place: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, pad(text), place)

    def open(self, sealed: bytes, *, place: bytes) -> bytes:
        """The text. Raises `SealBroken`."""
        try:
            return unpad(self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place))
        except InvalidTag:
            raise SealBroken from None
