"""Staff sessions. What cannot be the key of one of ours is no session, and never reaches the database."""

from __future__ import annotations

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions

KEY = re.compile(r"[a-z0-9]{32}")
"""As Django makes them. A cookie holds whatever its sender likes, a NUL byte too: PostgreSQL takes it for an error."""


class SessionStore(DatabaseSessions):
    def _validate_session_key(self, key: object) -> bool:
        return isinstance(key, str) and KEY.fullmatch(key) is not None
