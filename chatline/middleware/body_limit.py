"""No request body that is larger than its page needs: what has come waits in memory, before a view looks at it.

Anybody may send one to any address, so those of the staff are no exception: they may be larger, a few at a time.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from chatline.asgi_types import App, Receive, Scope, Send
from chatline.middleware.hosts import is_for_staff

SMALL_BYTES = 64 * 1024
"""A visitor's largest is an opening. An answer of a thousand characters is 4,000 bytes at most: sixteen full ones."""
LARGE_AT_ONCE = 16
"""Staff forms above `SMALL_BYTES` in this process, from their first byte above it to their answer."""
RETRY_SECONDS = 5


class BodyTooLarge(Exception):
    """More has come than anything here needs."""


class TooManyLarge(Exception):
    """More has come than fits beside what others are sending."""


class BodyLimit:
    """ASGI middleware: answers 413 as soon as too much is announced, or has come."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._large = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif announced_bytes(scope) > most_bytes(scope):
            await refuse(send, 413)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        most, taken, is_large = most_bytes(scope), 0, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal taken, is_large
            event = await receive()
            taken += len(event.get("body", b""))
            if taken > most:
                raise BodyTooLarge
            if taken > SMALL_BYTES and not is_large:
                self._take_place()
                is_large = True
            return event

        try:
            await self.app(scope, counted, send)
        except BodyTooLarge:
            await refuse(send, 413)
        except TooManyLarge:
            await refuse(send, 503)
        finally:
            self._large -= is_large

    def _take_place(self) -> None:
        if self._large >= LARGE_AT_ONCE:
            raise TooManyLarge
        self._large += 1


def most_bytes(scope: Scope) -> int:
    most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return most if is_for_staff(scope["path"]) else min(most, SMALL_BYTES)


def announced_bytes(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)


async def refuse(send: Send, status: int) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
    ]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"Too much at once.\n"})
