"""The visitor's token: 256 random bits, shown once. Only its SHA-256 is kept (docs/privacy.md, "No cookie")."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32
TOKEN_CHARACTERS = 43


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """32 bytes. A plain hash is enough for a token that cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
