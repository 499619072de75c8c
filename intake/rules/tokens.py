"""The visitor's token: 256 bits that nobody can guess. Only its SHA-256 is kept (docs/privacy.md, "No cookie")."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid

from intake.sealing.master_key import derive

TOKEN_BYTES = 32
TOKEN_CHARACTERS = 43


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_for(idempotency_key: uuid.UUID, *, helpline_id: int) -> str:
    """What whoever opens with this key gets, however often she asks: derived from it, so that nothing need be kept."""
    purpose = b"visitor token|%d|%s" % (helpline_id, idempotency_key.bytes)
    return base64.urlsafe_b64encode(derive(purpose)).decode().rstrip("=")


def hash_token(token: str) -> bytes:
    """32 bytes. A plain hash is enough for a token that cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
