"""After the database was away: the dead connections that wait in its pools.

By itself a pool gives out one dead connection after the other and pauses for seconds between them. After a restart of
PostgreSQL, whoever asked got nothing within five seconds although the server was there.
"""

from __future__ import annotations

import threading

from django.db import connections

_looking = threading.Lock()


def discard_broken_connections() -> None:
    """Have every waiting connection looked at, and dead ones replaced. Returns at once."""
    if _looking.acquire(blocking=False):
        threading.Thread(target=_look, name="broken-connections", daemon=True).start()


def _look() -> None:
    try:
        for alias in connections:
            pool = getattr(connections[alias], "pool", None)
            if pool is not None and not pool.closed:
                pool.check()
    finally:
        _looking.release()
